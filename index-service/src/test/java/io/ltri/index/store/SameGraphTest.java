package io.ltri.index.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A search graph, and what is found along it, depend on the vectors alone: not on what Java has
 * compiled by then. The vectors hold many sums that are equal but for the order of adding.
 */
@Tag("slow")
class SameGraphTest {

  private static final long SEED = 1;
  private static final int SPANS = 120;
  private static final int QUERIES = 20;

  /** After the head of a file, which names the index, and before its checksum. */
  private static final int HEAD = 100;

  private static final int FOOT = 16;

  private static final DocumentLayout LAYOUT =
      new DocumentLayout(1, 2, 1, 64, StorageType.BF16, 0.125f);

  @TempDir private Path folder;

  @Test
  void interpretedAndCompiledCodeBuildAndWalkTheSameGraph() throws Exception {
    Path interpreted = folder.resolve("interpreted");
    Path compiled = folder.resolve("compiled");
    List<String> cold = run(interpreted, 1, "-Xint");
    List<String> warm = run(compiled, 6, "-XX:-BackgroundCompilation");
    Map<String, byte[]> expected = graphFiles(interpreted, cold.getFirst());
    Map<String, byte[]> actual = graphFiles(compiled, warm.getFirst());
    assertThat(expected.keySet()).hasSize(2).isEqualTo(actual.keySet());
    expected.forEach(
        (name, bytes) ->
            assertThat(Arrays.equals(bytes, Objects.requireNonNull(actual.get(name))))
                .as("%s is the same, seed %d", name, SEED)
                .isTrue());
    assertThat(warm.subList(1, warm.size()))
        .as("found, seed %d", SEED)
        .hasSize(QUERIES)
        .isEqualTo(cold.subList(1, cold.size()));
  }

  /** Writes the id of a document, and what a number of queries find in it. */
  public static void main(String[] arguments) {
    Path folder = Path.of(arguments[0]);
    try (DocumentStore store =
        new DocumentStore(new StoreSettings(folder, 1, 1, 1), FileLayer.system())) {
      for (int times = Integer.parseInt(arguments[1]); times > 1; times--) {
        try (OpenDocument document = store.open(seal(store))) {
          List<String> unused = found(document);
        }
      }
      String id = seal(store);
      System.out.println("@" + id);
      try (OpenDocument document = store.open(id)) {
        found(document).forEach(line -> System.out.println("@" + line));
      }
    }
  }

  private static String seal(DocumentStore store) {
    RandomSpans spans = new RandomSpans(SEED, LAYOUT);
    Random random = new Random(SEED);
    String id = store.create(LAYOUT, Map.of(), false).id();
    List<NewSpan> all = new ArrayList<>();
    for (int i = 0; i < SPANS; i++) {
      all.add(spans.span(2 * i, 2 * i + 2, tenths(random)).span());
    }
    store.append(id, 0, all);
    try (SealSession session = store.beginSeal(id)) {
      session.tail("nothing", ByteBuffer.allocate(0));
      return session.finish(Map.of("digest", "d"), SearchMode.GRAPH).id();
    }
  }

  private static List<String> found(OpenDocument document) {
    LayerView.VectorGraph graph = Objects.requireNonNull(document.layer(0).graph(0));
    Random random = new Random(SEED + 1);
    List<String> found = new ArrayList<>();
    for (int i = 0; i < QUERIES; i++) {
      found.add(Arrays.toString(graph.nearest(tenths(random), 10)));
    }
    return found;
  }

  private static float[] tenths(Random random) {
    float[] vector = new float[LAYOUT.headDim()];
    for (int i = 0; i < vector.length; i++) {
      vector[i] = (random.nextInt(7) - 3) / 10f;
    }
    return vector;
  }

  private static List<String> run(Path data, int times, String how)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                how,
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                SameGraphTest.class.getName(),
                data.toString(),
                Integer.toString(times))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    List<String> lines;
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      lines = reader.lines().filter(line -> line.startsWith("@")).toList();
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.waitFor()).isZero();
    return lines.stream().map(line -> line.substring(1)).toList();
  }

  private static Map<String, byte[]> graphFiles(Path data, String id) throws IOException {
    Map<String, byte[]> files = new TreeMap<>();
    try (var paths = Files.list(data.resolve("documents").resolve(id).resolve("vectors"))) {
      for (Path file : paths.filter(path -> path.toString().matches(".*\\.(vec|vex)")).toList()) {
        byte[] bytes = Files.readAllBytes(file);
        files.put(
            file.getFileName().toString(), Arrays.copyOfRange(bytes, HEAD, bytes.length - FOOT));
      }
    }
    return files;
  }
}
