package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.ltri.allinone.AllInOne;
import io.ltri.client.CreatedDocument;
import io.ltri.client.LtriClient;
import io.ltri.client.Message;
import io.ltri.client.NewDocument;
import io.ltri.client.Question;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Both services in one process say what they say in two. */
@Tag("slow")
class AllInOneTest {

  private static final Pattern ADDRESS = Pattern.compile("\"address\":\"([^\"]+)\"");
  private static final String NOBODY = "127.0.0.1:1";

  @TempDir Path folder;

  @Test
  void inOneProcessTheTokensAreThoseOfTwo() throws Exception {
    List<Integer> expected;
    LtriExtension two = TinyModel.services();
    try {
      two.start();
      expected = answer(two.client());
    } finally {
      two.afterAll(null);
    }
    Path indexReady = folder.resolve("index.json");
    Path ready = folder.resolve("inference.json");
    Path log = folder.resolve("log");
    List<String> command =
        JavaCommand.of(
            List.of(
                "-XX:TieredStopAtLevel=1",
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED"),
            AllInOne.class.getName(),
            "--ltri.inference.model=" + TinyModel.FOLDER,
            "--ltri.index-ready-file=" + indexReady,
            "--ltri.ready-file=" + ready,
            "--ltri.index.port=0",
            "--ltri.index.data=" + folder.resolve("data"),
            "--ltri.inference.port=0",
            "--ltri.inference.http.port=0",
            "--ltri.inference.warm-start=false",
            "--ltri.inference.data=" + folder.resolve("data"),
            // So it is not by a network that it is found.
            "--ltri.inference.index=" + NOBODY);
    TinyModel.SETTINGS.forEach((name, value) -> command.add("--" + name + "=" + value));
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      await().atMost(Duration.ofMinutes(2)).until(() -> Files.exists(ready) || !process.isAlive());
      assertThat(ready).as(Files.readString(log)).exists();
      assertThat(indexReady).exists();
      try (LtriClient client = LtriClient.builder().address(address(ready)).build()) {
        assertThat(answer(client)).isEqualTo(expected);
      }
      process.destroy();
      assertThat(process.waitFor(20, TimeUnit.SECONDS)).as("it ends").isTrue();
      assertThat(ready).doesNotExist();
      assertThat(indexReady).doesNotExist();
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  private static String address(Path ready) throws IOException {
    Matcher found = ADDRESS.matcher(Files.readString(ready));
    assertThat(found.find()).isTrue();
    return found.group(1);
  }

  private static List<Integer> answer(LtriClient client) throws InterruptedException {
    CreatedDocument created =
        client.createDocument(NewDocument.of("a text", TinyModel.text(800, 7)));
    return client
        .generate(
            Question.builder()
                .documentId(created.document().id())
                .message(Message.user("what did the keeper write?"))
                .maxTokens(16)
                .build())
        .tokenIds();
  }
}
