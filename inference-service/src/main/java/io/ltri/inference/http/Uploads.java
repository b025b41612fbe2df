package io.ltri.inference.http;

import io.ltri.inference.attention.PolicyName;
import io.ltri.inference.engine.NewText;
import io.ltri.inference.engine.ReceivedTexts;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.Part;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Texts on their way in, as JSON or as a form with a file. */
@Component
final class Uploads {
  private static final int MOST_FIELD_BYTES = 64 * 1024;

  /** Ten years, seconds. */
  private static final long MOST_EXPIRY = 315_360_000;

  private final Bodies bodies;
  private final ReceivedTexts texts;
  private final HttpLimits limits;
  private final JsonMapper mapper;

  Uploads(Bodies bodies, ReceivedTexts texts, HttpLimits limits, JsonMapper mapper) {
    this.bodies = bodies;
    this.texts = texts;
    this.limits = limits;
    this.mapper = mapper;
  }

  static boolean isForm(HttpServletRequest request) {
    return Bodies.mediaType(request.getContentType()).equals("multipart/form-data");
  }

  /** What a request wants to be read; its text is to be closed. */
  NewText text(HttpServletRequest request, String tenant) throws IOException, ServletException {
    if (!isForm(request)) {
      Fields body = bodies.read(request);
      String text = body.requiredString("text");
      String title = body.string("title", "");
      return newText(FileText.of(texts, text), title, body, tenant);
    }
    Collection<Part> parts = request.getParts();
    Part file = null;
    ObjectNode fields = mapper.createObjectNode();
    for (Part part : parts) {
      if (part.getName().equals("file")) {
        file = part;
      } else {
        fields.put(part.getName(), value(part));
      }
    }
    if (file == null) {
      throw ApiException.missing("file");
    }
    Fields form = new Fields(typed(fields), "");
    String name = file.getSubmittedFileName() == null ? "" : file.getSubmittedFileName();
    // Browsers send a name alone, but others may send a path.
    String simple = name.substring(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1);
    String title = form.string("title", "");
    return newText(fileText(file, simple), title.isEmpty() ? simple : title, form, tenant);
  }

  private FileText fileText(Part part, String name) throws IOException {
    Path file = Files.createTempFile(limits.folder(), "text-", ".part");
    try {
      try (InputStream in = part.getInputStream()) {
        long unused = Files.copy(in, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
      }
      part.delete();
      return FileText.of(texts, file, name, Bodies.mediaType(part.getContentType()), limits);
    } finally {
      Files.deleteIfExists(file);
    }
  }

  private static String value(Part part) throws IOException {
    if (part.getSize() > MOST_FIELD_BYTES) {
      throw new ApiException(
          413,
          "request_too_large",
          part.getName(),
          "'" + part.getName() + "' is longer than " + MOST_FIELD_BYTES + " bytes.");
    }
    try (InputStream in = part.getInputStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** A form has texts alone: those that name a boolean or a number become one. */
  private ObjectNode typed(ObjectNode fields) {
    ObjectNode typed = mapper.createObjectNode();
    fields.forEachEntry(
        (name, value) -> {
          String text = value.stringValue();
          switch (name) {
            case "keep_text", "fresh", "extend_with_use", "pinned" -> {
              if (text.equals("true") || text.equals("false")) {
                typed.put(name, text.equals("true"));
              } else {
                typed.set(name, value);
              }
            }
            case "expire_after", "replicas" -> {
              try {
                typed.put(name, Long.parseLong(text.strip()));
              } catch (NumberFormatException e) {
                typed.set(name, value);
              }
            }
            default -> typed.set(name, value);
          }
        });
    return typed;
  }

  private NewText newText(FileText file, String title, Fields fields, String tenant) {
    try {
      String policy = fields.string("policy", "");
      String continues = fields.string("continues", "");
      String system = fields.string("system", "");
      if (!continues.isEmpty() && (!system.isEmpty() || !policy.isEmpty())) {
        throw ApiException.wrongValue(
            "continues",
            "A text that continues a document has that document's system message and policy: send none.");
      }
      return new NewText(
          file.text(),
          file.pageStarts(),
          title,
          system,
          policy.isEmpty() ? null : PolicyName.of(policy),
          fields.flag("fresh", false),
          continues.isEmpty() ? null : continues,
          fields.flag("keep_text", true),
          tenant,
          Duration.ofSeconds(fields.integer("expire_after", 0L, 0, MOST_EXPIRY)),
          fields.flag("extend_with_use", false),
          fields.integer("replicas", 0, 1, NewText.MOST_REPLICAS));
    } catch (RuntimeException e) {
      file.text().close();
      throw e;
    }
  }
}
