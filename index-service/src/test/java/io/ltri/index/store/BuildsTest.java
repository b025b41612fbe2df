package io.ltri.index.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Checkpoints: what becomes of a build whose writer, or whose service, dies. */
class BuildsTest {

  private static final Contents TEXT = new Contents(7, 6, 0);

  @TempDir Path folder;

  private DocumentStore open() {
    return new DocumentStore(new StoreSettings(folder, 2, 500, 1), FileLayer.system());
  }

  private static NewDocument wanted(String key) {
    return new NewDocument(
        Contents.LAYOUT, Map.of("title", "t"), false, key, new Origin("somebody", ""));
  }

  /** Begins a build, makes a checkpoint after three steps, and goes on to the fifth. */
  private static String build(DocumentStore store, String key) {
    String id = store.create(wanted(key)).id();
    for (int step = 0; step < 5; step++) {
      TEXT.append(store, id, step);
      if (step == 0 || step == 2) {
        TEXT.checkpoint(store, id, step + 1);
      }
    }
    return id;
  }

  /** From where the checkpoint says to the end. */
  private static void goOnAndSeal(DocumentStore store, DocumentSummary build) {
    int done = (int) (build.checkpointTokens() / Contents.TOKENS_PER_STEP);
    if (done > 0) {
      assertThat(Contents.digest(store, build.id())).isEqualTo(TEXT.digest(done));
    }
    for (int step = done; step < TEXT.steps(); step++) {
      TEXT.append(store, build.id(), step);
      if (step == 4) {
        TEXT.checkpoint(store, build.id(), 5);
      }
    }
    DocumentSummary sealed = TEXT.seal(store, build.id(), false);
    assertThat(sealed.origin()).isEqualTo(build.origin());
    assertThat(sealed.checkpointTokens()).isZero();
    assertThat(Contents.digest(store, build.id())).isEqualTo(TEXT.digest(TEXT.steps()));
  }

  // -- taken up again
  // ----------------------------------------------------------------------------------------------

  @Test
  void buildIsTakenUpAtItsLastCheckpointAfterARestartAndIsTheSameAsAnUninterruptedOne() {
    String first;
    try (DocumentStore store = open()) {
      first = build(store, "k");
      assertThat(store.summary(first).checkpointTokens()).isEqualTo(3 * 64);
    }
    String second;
    try (DocumentStore store = open()) {
      assertThat(store.list(false)).isEmpty();
      assertThat(store.list(true)).extracting(DocumentSummary::id).containsExactly(first);
      assertThat(store.summary(first).state()).isEqualTo(DocumentState.BUILDING);
      assertThatThrownBy(() -> TEXT.append(store, first, 5))
          .isInstanceOf(WrongStateException.class)
          .hasMessageContaining("build_key");
      DocumentSummary build = store.create(wanted("k"));
      second = build.id();
      assertThat(second).isNotEqualTo(first);
      assertThat(build.checkpointTokens()).isEqualTo(3 * 64);
      assertThat(store.list(true)).extracting(DocumentSummary::id).containsExactly(second);
      goOnAndSeal(store, build);
    }
    try (DocumentStore store = open()) {
      assertThat(store.list(true)).extracting(DocumentSummary::id).containsExactly(second);
      assertThat(Contents.digest(store, second)).isEqualTo(TEXT.digest(TEXT.steps()));
      assertThat(store.create(wanted("k")).checkpointTokens()).isZero();
    }
  }

  @Test
  void whatWasWrittenAfterTheCheckpointIsNotTrusted() throws IOException {
    String id;
    List<Checkpoint.RangeEnds> ends;
    try (DocumentStore store = open()) {
      id = build(store, "k");
      ends = checkpoint(id).ranges();
    }
    Random random = new Random(1);
    LayerRange[] ranges = LayerRange.of(3, 2);
    for (int i = 0; i < ranges.length; i++) {
      garble(building(id).resolve(ranges[i].blockFile()), ends.get(i).blocks(), random);
      garble(scratch(id).resolve(ranges[i].scratchFile()), ends.get(i).scratch(), random);
    }
    Files.write(building(id).resolve("tail"), new byte[100]); // of a seal that was begun
    Files.createDirectory(scratch(id).resolve("checkpoint-9.new"));
    try (DocumentStore store = open()) {
      assertThat(building(id).resolve("tail")).doesNotExist();
      assertThat(scratch(id).resolve("checkpoint-9.new")).doesNotExist();
      goOnAndSeal(store, store.create(wanted("k")));
    }
  }

  private static void garble(Path file, long from, Random random) throws IOException {
    try (RandomAccessFile opened = new RandomAccessFile(file.toFile(), "rw")) {
      byte[] garbage = new byte[(int) (opened.length() - from) + 1_000];
      random.nextBytes(garbage);
      opened.seek(from);
      opened.write(garbage);
    }
  }

  @Test
  void checkpointThatIsNotFinishedLeavesTheOneBefore() {
    String id;
    try (DocumentStore store = open()) {
      id = build(store, "k");
      try (CheckpointSession session = store.beginCheckpoint(id, 5 * 64)) {
        session.tail("ids", ByteBuffer.allocate(10));
      }
      try (CheckpointSession left = store.beginCheckpoint(id, 5 * 64)) {
        left.tail("ids", ByteBuffer.allocate(10));
        try (DocumentTail tail = store.openTail(id)) {
          assertThat(tail.read("steps").get(java.lang.foreign.ValueLayout.JAVA_BYTE, 0))
              .isEqualTo((byte) 3);
        }
      }
      assertThat(store.summary(id).checkpointTokens()).isEqualTo(3 * 64);
    }
    try (DocumentStore store = open()) {
      goOnAndSeal(store, store.create(wanted("k")));
    }
  }

  @Test
  void buildWithoutACheckpointIsBegunAgainAfterARestart() throws IOException {
    try (DocumentStore store = open()) {
      TEXT.append(store, store.create(wanted("k")).id(), 0);
    }
    try (DocumentStore store = open()) {
      assertThat(store.list(true)).isEmpty();
      assertThat(FolderTree.list(folder.resolve("documents/.building"))).isEmpty();
      goOnAndSeal(store, store.create(wanted("k")));
    }
  }

  // -- from one writer to the next
  // ---------------------------------------------------------------------------------

  @Test
  void writerWhoseBuildWasTakenOverCanNotGoOn() {
    try (DocumentStore store = open()) {
      String first = build(store, "k");
      CheckpointSession open = store.beginCheckpoint(first, 300);
      DocumentSummary second = store.create(wanted("k"));
      assertThat(second.checkpointTokens()).isEqualTo(3 * 64);
      refused(() -> TEXT.append(store, first, 5), "taken over");
      refused(() -> TEXT.seal(store, first, false), "taken over");
      refused(() -> TEXT.checkpoint(store, first, 6), "taken over");
      refused(() -> store.delete(first), "taken over");
      refused(open::finish, "taken over");
      open.close();
      goOnAndSeal(store, second);
    }
  }

  @Test
  void buildWithoutACheckpointIsBegunAgainByItsNextWriter() {
    try (DocumentStore store = open()) {
      String first = store.create(wanted("k")).id();
      TEXT.append(store, first, 0);
      DocumentSummary second = store.create(wanted("k"));
      assertThat(second.checkpointTokens()).isZero();
      assertThat(second.spans()).isZero();
      refused(() -> TEXT.append(store, first, 1), "taken over");
      assertThat(store.list(true)).extracting(DocumentSummary::id).containsExactly(second.id());
      goOnAndSeal(store, second);
    }
  }

  @Test
  void buildIsNotTakenOverWhileItIsBeingSealed() {
    try (DocumentStore store = open()) {
      String id = build(store, "k");
      try (SealSession session = store.beginSeal(id)) {
        assertThat(session).isNotNull();
        refused(() -> store.create(wanted("k")), "being sealed");
      }
      TEXT.append(store, id, 5);
    }
  }

  @Test
  void buildsOfOtherKeysAndTenantsAreLeftAlone() {
    try (DocumentStore store = open()) {
      String id = build(store, "k");
      store.create(wanted("other"));
      store.create(new NewDocument(Contents.LAYOUT, Map.of(), false, "k", Origin.NONE));
      TEXT.append(store, id, 5);
      assertThat(store.list(true)).hasSize(3);
    }
  }

  @Test
  void buildOfAnotherLayoutIsRefusedAndKept() {
    DocumentLayout other = new DocumentLayout(3, 4, 2, 16, StorageType.BF16, 0.5f);
    try (DocumentStore store = open()) {
      build(store, "k");
      refused(
          () ->
              store.create(
                  new NewDocument(other, Map.of(), false, "k", new Origin("somebody", ""))),
          "layout");
      goOnAndSeal(store, store.create(wanted("k")));
    }
  }

  @ParameterizedTest
  @CsvSource({"1, false", "1, true", "1000000, false", "1000000, true"})
  void faultAtAnyOperationOfATakeOverLosesNothing(int failures, boolean restart) {
    int at = 0;
    boolean failed = true;
    while (failed) {
      Path here = folder.resolve("run" + at);
      StoreSettings settings = new StoreSettings(here, 2, 500, 1);
      FailingFiles files = new FailingFiles();
      try (DocumentStore store = new DocumentStore(settings, files)) {
        build(store, "k");
        int begin = files.operations().size();
        files.fail(at, failures, "Input/output error");
        failed = false;
        try {
          store.create(wanted("k"));
        } catch (StorageFailureException e) {
          failed = true;
        }
        failed |= files.operations().size() > begin + at;
        files.heal();
        if (!restart) {
          goOnAndSeal(store, taken(store, at));
        }
      }
      if (restart) {
        try (DocumentStore store = new DocumentStore(settings, FileLayer.system())) {
          goOnAndSeal(store, taken(store, at));
        }
      }
      at++;
    }
    assertThat(at).as("operations of a take-over").isGreaterThan(10);
  }

  private static DocumentSummary taken(DocumentStore store, int at) {
    DocumentSummary build = store.create(wanted("k"));
    assertThat(build.checkpointTokens()).as("operation %d", at).isEqualTo(3 * 64);
    return build;
  }

  // -- damage
  // ------------------------------------------------------------------------------------------------------

  @Test
  void buildWithDamagedSpansOrVectorsIsBegunAgain() throws IOException {
    for (int at : new int[] {0, 20, 64 * 48 + 3, 64 * 48 + 128 * 32 + 100}) {
      String id;
      try (DocumentStore store = open()) {
        id = build(store, "k" + at);
      }
      flip(scratch(id).resolve("scratch-0000-0001"), at);
      try (DocumentStore store = open()) {
        DocumentSummary again = store.create(wanted("k" + at));
        assertThat(again.checkpointTokens()).as("byte %d", at).isZero();
        assertThat(scratch(id)).doesNotExist();
        goOnAndSeal(store, again);
      }
    }
  }

  @Test
  void damagedBlockOfATakenUpBuildIsNamedBeforeItIsUsed() throws IOException {
    String id;
    try (DocumentStore store = open()) {
      id = build(store, "k");
    }
    flip(building(id).resolve("blocks-0000-0001"), BlockHeader.BYTES + 1);
    try (DocumentStore store = open()) {
      String again = store.create(wanted("k")).id();
      try (OpenDocument document = store.open(again)) {
        assertThatThrownBy(() -> document.layer(0).keys(0))
            .isInstanceOf(DataLossException.class)
            .hasMessageContaining(again)
            .hasMessageContaining("layer 0, span 0")
            .hasMessageContaining("keys");
        document.layer(0).values(0);
      }
    }
  }

  @Test
  void buildWithADamagedCheckpointIsDeletedAtTheStart() throws IOException {
    String id;
    try (DocumentStore store = open()) {
      id = build(store, "k");
    }
    flip(scratch(id).resolve("checkpoint-2/checkpoint.json"), 40);
    try (DocumentStore store = open()) {
      assertThat(store.list(true)).isEmpty();
      assertThat(building(id)).doesNotExist();
    }
  }

  private static void flip(Path file, int at) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[at] ^= 1;
    Files.write(file, bytes);
  }

  // -- what is refused, deleted, promoted
  // --------------------------------------------------------------------------

  @Test
  void checkpointNeedsABuildKeyAndTokens() {
    try (DocumentStore store = open()) {
      String id = store.create(Contents.LAYOUT, Map.of(), false).id();
      refused(() -> store.beginCheckpoint(id, 10), "build_key");
      refused(() -> store.openTail(id), "no checkpoint");
      String keyed = store.create(wanted("k")).id();
      assertThatThrownBy(() -> store.beginCheckpoint(keyed, 0))
          .isInstanceOf(InvalidInputException.class);
      assertThatThrownBy(() -> new NewDocument(Contents.LAYOUT, Map.of(), true, "k", Origin.NONE))
          .isInstanceOf(InvalidInputException.class);
    }
  }

  @Test
  void buildThatNobodyHoldsCanBeDeleted() throws IOException {
    String id;
    try (DocumentStore store = open()) {
      id = build(store, "k");
    }
    try (DocumentStore store = open()) {
      assertThat(store.delete(id)).isPositive();
      assertThat(store.list(true)).isEmpty();
      assertThatThrownBy(() -> store.delete(id)).isInstanceOf(DocumentNotFoundException.class);
    }
    assertThat(FolderTree.list(folder.resolve("documents/.building"))).isEmpty();
  }

  @Test
  void ephemeralDocumentIsSealedWhenItIsPromoted() {
    String id;
    try (DocumentStore store = open()) {
      id = store.create(Contents.LAYOUT, Map.of(), true).id();
      for (int step = 0; step < TEXT.steps(); step++) {
        TEXT.append(store, id, step);
      }
      refused(() -> TEXT.seal(store, id, false), "promoted");
      assertThat(store.list(true)).isEmpty();
      TEXT.seal(store, id, true);
      assertThat(store.list(false)).hasSize(1);
    }
    try (DocumentStore store = open()) {
      assertThat(Contents.digest(store, id)).isEqualTo(TEXT.digest(TEXT.steps()));
    }
  }

  private static void refused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String why) {
    assertThatThrownBy(call).isInstanceOf(WrongStateException.class).hasMessageContaining(why);
  }

  // -- where things are
  // --------------------------------------------------------------------------------------------

  private Path building(String id) {
    return folder.resolve("documents/.building").resolve(id);
  }

  private Path scratch(String id) {
    return folder.resolve("documents/.building").resolve(id + ".scratch");
  }

  private Checkpoint checkpoint(String id) throws IOException {
    Path file = scratch(id).resolve("checkpoint-2/checkpoint.json");
    return java.util.Objects.requireNonNull(Checkpoint.fromJson(Files.readAllBytes(file)));
  }
}
