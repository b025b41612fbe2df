package io.ltri.index.blob;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every blob store must do. */
abstract class BlobStoreContract {

  @TempDir Path files;

  abstract BlobStore store();

  private Path file(int bytes) throws IOException {
    byte[] content = new byte[bytes];
    new Random(bytes).nextBytes(content);
    return Files.write(files.resolve("file-" + bytes), content);
  }

  private static String sha256(Path file) throws IOException {
    return HexFormat.of().formatHex(Digests.sha256().digest(Files.readAllBytes(file)));
  }

  private static byte[] all(BlobStore store, String key, long from) throws IOException {
    try (InputStream in = store.open(key, from)) {
      return in.readAllBytes();
    }
  }

  @Test
  void filesOfAllSizesComeBackFromAnyOffset() throws IOException {
    // The larger ones go to S3 in parts.
    for (int bytes : List.of(0, 1, 100_000, 6 << 20)) {
      Path file = file(bytes);
      store().put("shards/007/abcd/blocks-0000", file, sha256(file));
      byte[] content = Files.readAllBytes(file);
      assertThat(all(store(), "shards/007/abcd/blocks-0000", 0)).isEqualTo(content);
      if (bytes > 1) {
        byte[] rest = java.util.Arrays.copyOfRange(content, bytes / 2, bytes);
        assertThat(all(store(), "shards/007/abcd/blocks-0000", bytes / 2)).isEqualTo(rest);
      }
    }
  }

  @Test
  void damagedFileIsNotPut() throws IOException {
    Path file = file(1000);
    assertThatThrownBy(() -> store().put("a/damaged", file, "00".repeat(32)))
        .isInstanceOfSatisfying(
            BlobException.class,
            e -> assertThat(e.reason()).isEqualTo(BlobException.Reason.DAMAGED));
    assertThat(store().read("a/damaged")).isNull();
  }

  @Test
  void whatIsPutIfAbsentIsThereOnceAndStays() {
    assertThat(store().read("deleted/001/x")).isNull();
    assertThat(store().putIfAbsent("deleted/001/x", "first".getBytes(UTF_8))).isTrue();
    assertThat(store().putIfAbsent("deleted/001/x", "second".getBytes(UTF_8))).isFalse();
    assertThat(text("deleted/001/x")).isEqualTo("first");
  }

  private String text(String key) {
    return new String(Objects.requireNonNull(store().read(key)).bytes(), UTF_8);
  }

  @Test
  void onlyWhoReadTheLastVersionReplacesIt() {
    assertThat(store().putIfAbsent("a/facts", "one".getBytes(UTF_8))).isTrue();
    String first = Objects.requireNonNull(store().read("a/facts")).version();
    assertThat(store().replace("a/facts", "two".getBytes(UTF_8), first)).isTrue();
    assertThat(store().replace("a/facts", "bad".getBytes(UTF_8), first)).isFalse();
    assertThat(text("a/facts")).isEqualTo("two");
    store().delete("a/facts");
    assertThat(store().replace("a/facts", "bad".getBytes(UTF_8), first)).isFalse();
    assertThat(store().read("a/facts")).isNull();
  }

  @Test
  void aListNamesAllBelowAFolderWithSizesAndVersions() {
    for (int i = 0; i < 25; i++) {
      store().putIfAbsent("list/0/%02d/file".formatted(i), new byte[i]);
    }
    store().putIfAbsent("list/01", new byte[3]);
    store().putIfAbsent("lists/x", new byte[3]);
    List<ListedBlob> found = store().list("list/0/");
    assertThat(found).extracting(ListedBlob::key).contains("list/0/00/file", "list/0/24/file");
    assertThat(found).hasSize(25);
    for (ListedBlob blob : found) {
      Blob read = Objects.requireNonNull(store().read(blob.key()));
      assertThat(blob.bytes()).isEqualTo(read.bytes().length);
      assertThat(blob.version()).isEqualTo(read.version());
    }
    assertThat(store().list("nothing/here/")).isEmpty();
  }

  @Test
  void whatIsDeletedIsGoneAndMayBeDeletedAgain() {
    store().putIfAbsent("gone/a", new byte[1]);
    store().delete("gone/a");
    store().delete("gone/a");
    assertThat(store().read("gone/a")).isNull();
    assertThat(store().list("gone/")).isEmpty();
    assertThatThrownBy(() -> store().open("gone/a", 0).close())
        .isInstanceOfSatisfying(
            BlobException.class,
            e -> assertThat(e.reason()).isEqualTo(BlobException.Reason.NOT_FOUND));
    assertThat(store().putIfAbsent("gone/a", new byte[2])).isTrue();
  }

  @Test
  void keysThatLeaveTheStoreAreRefused() {
    for (String key : List.of("", "/a", "a/", "../a", "a/../b", "a//b", ".part/a", "a\\b")) {
      assertThatThrownBy(() -> store().read(key)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  /** Whether two conditional puts at the same moment can not both succeed. */
  boolean decidesRaces() {
    return true;
  }

  @Test
  void ofManyWhoPutOrReplaceAtTheSameTimeOneWins() throws Exception {
    org.junit.jupiter.api.Assumptions.assumeTrue(decidesRaces());
    try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
      for (int round = 0; round < 10; round++) {
        String key = "race/" + round;
        assertThat(winners(pool, n -> store().putIfAbsent(key, new byte[n + 1]))).isEqualTo(1);
        String version = Objects.requireNonNull(store().read(key)).version();
        assertThat(winners(pool, n -> store().replace(key, new byte[n + 10], version)))
            .isEqualTo(1);
      }
    }
  }

  private interface Attempt {
    boolean by(int number);
  }

  private static int winners(ExecutorService pool, Attempt attempt) throws Exception {
    List<Callable<Boolean>> attempts = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      int number = i;
      attempts.add(() -> attempt.by(number));
    }
    int won = 0;
    for (Future<Boolean> outcome : pool.invokeAll(attempts)) {
      won += outcome.get() ? 1 : 0;
    }
    return won;
  }
}
