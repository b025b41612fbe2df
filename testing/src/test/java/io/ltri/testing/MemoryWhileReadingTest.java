package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.ltri.client.CreatedDocument;
import io.ltri.client.LtriClient;
import io.ltri.client.NewDocument;
import io.ltri.index.IndexApplication;
import io.ltri.inference.InferenceApplication;
import io.ltri.proto.index.v1.GetNodeRequest;
import io.ltri.proto.index.v1.SpanIndexGrpc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A long text needs no more memory than a short one: both services in processes of their own, with
 * fixed heaps.
 */
@Tag("slow")
class MemoryWhileReadingTest {
  private static final double MOST_GROWTH = 1.05;

  /** Three times as many tokens are compared with these; {@code -Dltri.memory.tokens=20000}. */
  private static final int EARLY_TOKENS = Integer.getInteger("ltri.memory.tokens", 8_000);

  private static final int LATE_TOKENS = 3 * EARLY_TOKENS;
  private static final int AVERAGED_TOKENS = EARLY_TOKENS / 4;

  @TempDir Path folder;

  private record Service(Process process, Path ready) implements AutoCloseable {
    String address() throws IOException, InterruptedException {
      for (int i = 0; i < 600 && !Files.exists(ready); i++) {
        assertThat(process.isAlive()).as("the service has started, see its log").isTrue();
        Thread.sleep(100);
      }
      String line = Files.readString(ready);
      int at = line.indexOf("\"address\":\"") + "\"address\":\"".length();
      return line.substring(at, line.indexOf('"', at));
    }

    long anonymousKilobytes() throws IOException {
      return Files.readAllLines(Path.of("/proc", Long.toString(process.pid()), "status")).stream()
          .filter(line -> line.startsWith("RssAnon:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
          .findFirst()
          .orElseThrow();
    }

    @Override
    public void close() {
      process.destroy();
      try {
        if (!process.waitFor(20, TimeUnit.SECONDS)) {
          process.destroyForcibly();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private Service start(String name, Class<?> main, int heapMegabytes, String... settings)
      throws IOException {
    Path ready = folder.resolve(name + ".ready");
    List<String> command =
        JavaCommand.of(
            List.of(
                "-Xms" + heapMegabytes + "m",
                "-Xmx" + heapMegabytes + "m",
                "-XX:+AlwaysPreTouch",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "--add-modules=jdk.incubator.vector",
                "--sun-misc-unsafe-memory-access=allow",
                "-Duser.home=" + System.getProperty("user.home")),
            main.getName(),
            settings);
    command.add("--ltri.ready-file=" + ready);
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve(name + ".log").toFile())
            .start();
    return new Service(process, ready);
  }

  @Test
  void readingThreeTimesAsMuchNeedsNoMoreMemory() throws IOException, InterruptedException {
    Path model = DefaultModel.path();
    Path text = folder.resolve("long.txt");
    String chronicle = Files.readString(DefaultModel.example());
    String enough = (chronicle + "\n\n").repeat(LATE_TOKENS / 20_000 + 1);
    // Four characters a token and more.
    Files.writeString(text, enough.substring(0, Math.min(enough.length(), LATE_TOKENS * 9 / 2)));
    try (Service index =
            start(
                "index",
                IndexApplication.class,
                256,
                "--ltri.index.port=0",
                "--ltri.index.data=" + folder.resolve("data"));
        Service inference =
            start(
                "inference",
                InferenceApplication.class,
                1024,
                "--ltri.inference.port=0",
                "--ltri.inference.http.port=-1",
                "--ltri.inference.data=" + folder.resolve("data"),
                "--ltri.inference.model=" + model,
                // Full by the first of the two comparisons.
                "--ltri.inference.block-cache=64MB",
                "--ltri.inference.index=" + index.address());
        LtriClient client = LtriClient.connect(inference.address())) {
      List<Long> early = new ArrayList<>();
      List<Long> late = new ArrayList<>();
      long[] indexHeap = new long[2];
      CreatedDocument created =
          client.createDocument(
              NewDocument.of(text),
              progress -> {
                try {
                  if (within(progress.tokens(), EARLY_TOKENS)) {
                    early.add(inference.anonymousKilobytes());
                  } else if (within(progress.tokens(), LATE_TOKENS)) {
                    late.add(inference.anonymousKilobytes());
                  }
                  if (progress.tokens() > EARLY_TOKENS && indexHeap[0] == 0) {
                    indexHeap[0] = liveHeap(index);
                  } else if (progress.tokens() > LATE_TOKENS && indexHeap[1] == 0) {
                    indexHeap[1] = liveHeap(index);
                  }
                } catch (IOException | InterruptedException e) {
                  throw new IllegalStateException(e);
                }
              });
      assertThat(created.document().tokens()).isGreaterThan(LATE_TOKENS);
      double before = early.stream().mapToLong(Long::longValue).average().orElseThrow();
      double after = late.stream().mapToLong(Long::longValue).average().orElseThrow();
      System.out.printf(
          "inference RssAnon: %2$.0f kB at %1$d tokens, %4$.0f kB at %3$d; index live heap: %5$d and %6$d kB%n",
          EARLY_TOKENS, before, LATE_TOKENS, after, indexHeap[0] >> 10, indexHeap[1] >> 10);
      assertThat(after).isLessThan(MOST_GROWTH * before);
      assertThat((double) indexHeap[1]).isPositive().isLessThan(MOST_GROWTH * indexHeap[0]);
    }
  }

  /** Whether a reading has just come that far. */
  private static boolean within(long tokens, int end) {
    return tokens > end - AVERAGED_TOKENS && tokens <= end;
  }

  /** Heap in use after a collection. */
  private static long liveHeap(Service index) throws IOException, InterruptedException {
    Process collection =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                Long.toString(index.process().pid()),
                "GC.run")
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(collection.waitFor()).isZero();
    ManagedChannel channel =
        ManagedChannelBuilder.forTarget(index.address()).usePlaintext().build();
    try {
      return SpanIndexGrpc.newBlockingStub(channel)
          .getNode(GetNodeRequest.getDefaultInstance())
          .getHeapUsedBytes();
    } finally {
      channel.shutdownNow();
    }
  }
}
