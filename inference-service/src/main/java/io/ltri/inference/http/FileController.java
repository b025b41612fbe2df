package io.ltri.inference.http;

import io.ltri.inference.engine.Documents;
import io.ltri.inference.engine.NewText;
import io.ltri.inference.retrieval.IndexedDocument;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Documents in the shape of OpenAI's files: an upload is a document, under the same id. */
@RestController
@RequestMapping("/v1/files")
class FileController {
  private final Documents documents;
  private final Readings readings;
  private final Uploads uploads;
  private final DocumentLists lists;
  private final DocumentJson json;
  private final JsonMapper mapper;

  FileController(
      Documents documents,
      Readings readings,
      Uploads uploads,
      DocumentLists lists,
      DocumentJson json,
      JsonMapper mapper) {
    this.documents = documents;
    this.readings = readings;
    this.uploads = uploads;
    this.lists = lists;
    this.json = json;
    this.mapper = mapper;
  }

  @PostMapping
  ObjectNode create(HttpServletRequest request) throws IOException, ServletException {
    if (!Uploads.isForm(request)) {
      throw new ApiException(
          415,
          "unsupported_media_type",
          null,
          "Send multipart/form-data with the parts 'file' and 'purpose'.");
    }
    NewText text = uploads.text(request, Tenants.of(request));
    return json.file(json.of(readings.begin(text)));
  }

  @GetMapping
  ObjectNode list(
      HttpServletRequest request,
      @RequestParam(defaultValue = "1000") int limit,
      @RequestParam(defaultValue = "") String after) {
    List<ObjectNode> files = lists.all(request, false).stream().map(json::file).toList();
    return lists.page(files, limit, after);
  }

  @GetMapping("/{id}")
  ObjectNode get(@PathVariable String id, HttpServletRequest request) {
    return json.file(lists.get(id, request));
  }

  /** The text that was kept: of a PDF or a web page, what was read of it. */
  @GetMapping("/{id}/content")
  void content(@PathVariable String id, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    IndexedDocument document = lists.document(id, request);
    List<MemorySegment> parts = documents.keptText(document);
    response.setContentType("text/plain");
    response.setCharacterEncoding("UTF-8");
    OutputStream out = response.getOutputStream();
    WritableByteChannel channel = Channels.newChannel(out);
    for (MemorySegment part : parts) {
      int unused = channel.write(part.asByteBuffer());
    }
  }

  @DeleteMapping("/{id}")
  ObjectNode delete(@PathVariable String id, HttpServletRequest request) {
    DocumentLists.Deleted unused = lists.delete(id, request);
    return mapper.createObjectNode().put("id", id).put("object", "file").put("deleted", true);
  }
}
