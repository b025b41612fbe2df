package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Logs as lines of JSON: what both services write about a request has its id. */
@ExtendWith(OutputCaptureExtension.class)
class JsonLogsTest {

  @RegisterExtension
  static final LtriExtension LTRI =
      TinyModel.services().with("logging.structured.format.console", "logstash");

  private final Http http = new Http(LTRI::http);

  private static void damageBlocks(String document) throws IOException {
    try (Stream<Path> files = Files.walk(LTRI.data().resolve("documents").resolve(document))) {
      for (Path file :
          files.filter(path -> path.getFileName().toString().startsWith("blocks-")).toList()) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
          for (long at = 0; at < channel.size(); at += 64) {
            channel.write(ByteBuffer.wrap(new byte[] {(byte) (at * 31 + 7)}), at);
          }
        }
      }
    }
  }

  private static List<JsonNode> lines(String output) {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : output.split("\n", -1)) {
      if (line.startsWith("{")) {
        try {
          lines.add(JsonMapper.shared().readTree(line));
        } catch (JacksonException e) {
          // Of something else than the log.
        }
      }
    }
    return lines;
  }

  @Test
  void bothServicesWriteTheIdOfARequest(CapturedOutput output) throws Exception {
    String document = http.document("a text", TinyModel.text(600, 9)).path("id").asString("");
    LTRI.stop();
    damageBlocks(document);
    LTRI.start();
    String question =
        "{\"document\":\""
            + document
            + "\",\"max_tokens\":4,\"ltri\":{\"on_index_failure\":\"fail\"},"
            + "\"messages\":[{\"role\":\"user\",\"content\":\"who?\"}]}";
    HttpRequest request =
        http.request("/v1/chat/completions")
            .header("content-type", "application/json")
            .header("x-request-id", "a-request-of-mine")
            .POST(HttpRequest.BodyPublishers.ofString(question))
            .build();
    assertThat(http.send(request).status()).isEqualTo(500);
    List<JsonNode> ofRequest =
        lines(output.getAll()).stream()
            .filter(line -> line.path("requestId").asString("").equals("a-request-of-mine"))
            .toList();
    for (String logger : List.of("io.ltri.index.", "io.ltri.inference.")) {
      assertThat(ofRequest)
          .anySatisfy(
              line -> {
                assertThat(line.path("logger_name").asString("")).startsWith(logger);
                assertThat(line.path("message").asString("")).isNotEmpty();
                assertThat(line.path("@timestamp").asString("")).isNotEmpty();
              });
    }
  }
}
