package io.ltri.index.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.ltri.index.store.Manifest.FileEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * What a client of a store asked for and was told, so that the store can be held to it after a
 * crash. Documents are known by their title.
 */
final class Ledger {

  /** How far a document has come; what was asked for may be done or not, what was told is done. */
  enum Stage {
    BEGUN,
    SEALING,
    SEALED,
    DELETING,
    DELETED
  }

  /** What is known of a document. */
  static final class Line {
    final Contents contents;
    final String parentTitle;
    Stage stage = Stage.BEGUN;
    int checkpointAsked;
    int checkpointTold;
    String id = "";

    Line(Contents contents, String parentTitle) {
      this.contents = contents;
      this.parentTitle = parentTitle;
    }
  }

  private final Map<String, Line> lines = new TreeMap<>();
  private final Consumer<String> journal;

  Ledger() {
    this(entry -> {});
  }

  /**
   * @param journal told of every change, in words that {@link #replay} understands
   */
  Ledger(Consumer<String> journal) {
    this.journal = journal;
  }

  Map<String, Line> lines() {
    return lines;
  }

  Line line(String title) {
    return Objects.requireNonNull(lines.get(title), title);
  }

  /** Runs part of a client's work; what its end means is written down before and after. */
  void seal(DocumentStore store, String title, String id, boolean promote) {
    Line line = line(title);
    note(title, Stage.SEALING);
    line.contents.seal(store, id, promote);
    line.id = id;
    note(title, Stage.SEALED);
  }

  void checkpoint(DocumentStore store, String title, String id, int steps) {
    Line line = line(title);
    line.checkpointAsked = steps;
    journal.accept("asked " + title + " " + steps);
    line.contents.checkpoint(store, id, steps);
    line.checkpointTold = steps;
    journal.accept("told " + title + " " + steps);
  }

  void delete(DocumentStore store, String title) {
    note(title, Stage.DELETING);
    store.delete(line(title).id);
    note(title, Stage.DELETED);
  }

  private void note(String title, Stage stage) {
    line(title).stage = stage;
    journal.accept("stage " + title + " " + stage);
  }

  /** Begins to keep account of a document. */
  void begin(String title, Contents contents, String parentTitle) {
    lines.putIfAbsent(title, new Line(contents, parentTitle));
    journal.accept("begin " + title + " " + parentTitle);
  }

  /** Writes down what another process's ledger wrote to its journal. */
  void replay(String entry) {
    String[] words = entry.split(" ", -1);
    String title = words[1];
    switch (words[0]) {
      case "begin" -> lines.putIfAbsent(title, new Line(Contents.titled(title), words[2]));
      case "stage" -> line(title).stage = Stage.valueOf(words[2]);
      case "asked" -> line(title).checkpointAsked = Integer.parseInt(words[2]);
      case "told" -> line(title).checkpointTold = Integer.parseInt(words[2]);
      default -> throw new AssertionError(entry);
    }
  }

  // -- after a crash
  // -----------------------------------------------------------------------------------------------

  /** Every listed document is whole, nothing that was told is missing, nothing else is there. */
  void check(DocumentStore store, Path dataFolder) throws IOException {
    Map<String, DocumentSummary> sealed = new HashMap<>();
    Map<String, DocumentSummary> unfinished = new HashMap<>();
    for (DocumentSummary summary : store.list(true)) {
      String title = Objects.requireNonNull(summary.attributes().get("title"));
      boolean ready = summary.state() == DocumentState.READY;
      assertThat((ready ? sealed : unfinished).put(title, summary)).as("two of %s", title).isNull();
    }
    sealed.forEach((title, summary) -> checkSealed(store, title, summary));
    unfinished.forEach(this::checkUnfinished);
    lines.forEach(
        (title, line) -> {
          if (line.stage == Stage.SEALED) {
            assertThat(sealed).containsKey(title);
          }
          if (line.stage == Stage.SEALED || line.stage.compareTo(Stage.DELETING) >= 0) {
            assertThat(unfinished).doesNotContainKey(title);
          }
          if (line.stage == Stage.DELETED) {
            assertThat(sealed).doesNotContainKey(title);
          }
          if (line.checkpointTold > 0
              && (line.stage == Stage.BEGUN
                  || line.stage == Stage.SEALING && !sealed.containsKey(title))) {
            assertThat(unfinished).containsKey(title);
          }
        });
    checkFiles(store, dataFolder.resolve("documents"), unfinished.values());
  }

  private void checkSealed(DocumentStore store, String title, DocumentSummary summary) {
    Line line = line(title);
    assertThat(line.stage).as(title).isNotIn(Stage.BEGUN, Stage.DELETED);
    line.id = summary.id();
    assertThat(Contents.digest(store, summary.id()))
        .as(title)
        .isEqualTo(line.contents.digest(line.contents.steps()));
    List<String> ancestors = store.ancestors(summary.id());
    assertThat(ancestors).hasSize(line.parentTitle.isEmpty() ? 0 : 1);
    for (String ancestor : ancestors) {
      Contents parent = line(line.parentTitle).contents;
      assertThat(Contents.digest(store, ancestor)).isEqualTo(parent.digest(parent.steps()));
    }
  }

  private void checkUnfinished(String title, DocumentSummary summary) {
    Line line = line(title);
    assertThat(line.stage).as(title).isIn(Stage.BEGUN, Stage.SEALING);
    assertThat(summary.checkpointTokens() / Contents.TOKENS_PER_STEP)
        .as(title)
        .isIn((long) line.checkpointAsked, (long) line.checkpointTold);
  }

  /** Every file belongs to a document, a build, or a document that others stand on. */
  private static void checkFiles(
      DocumentStore store, Path documents, Iterable<DocumentSummary> unfinished)
      throws IOException {
    Set<Path> expected = new TreeSet<>();
    for (Path mark : FolderTree.list(documents.resolve(".hidden"))) {
      assertThat(store.isHidden(mark.getFileName().toString())).isTrue();
      expected.add(mark);
      addSealed(expected, documents.resolve(mark.getFileName()));
    }
    for (DocumentSummary summary : store.list(false)) {
      addSealed(expected, documents.resolve(summary.id()));
    }
    for (DocumentSummary summary : unfinished) {
      Path folder = documents.resolve(".building").resolve(summary.id());
      Path scratch = folder.resolveSibling(summary.id() + ".scratch");
      for (LayerRange range : LayerRange.of(summary.layout().layers(), 2)) {
        expected.add(folder.resolve(range.blockFile()));
        expected.add(scratch.resolve(range.scratchFile()));
      }
      Path checkpoint =
          FolderTree.list(scratch).stream()
              .filter(path -> path.getFileName().toString().startsWith("checkpoint-"))
              .findFirst()
              .orElseThrow();
      Path said = checkpoint.resolve(Checkpoint.FILE);
      expected.add(said);
      Objects.requireNonNull(Checkpoint.fromJson(Files.readAllBytes(said))).boundaries().stream()
          .map(boundary -> folder.resolve(Boundary.file(boundary.number())))
          .forEach(expected::add);
      expected.add(checkpoint.resolve(TailFile.FILE));
    }
    Set<Path> found = new TreeSet<>();
    try (var paths = Files.walk(documents)) {
      paths.filter(Files::isRegularFile).filter(file -> !isRecord(file)).forEach(found::add);
    }
    assertThat(found).isEqualTo(expected);
    for (Path folder : FolderTree.list(documents)) {
      if (!folder.getFileName().toString().startsWith(".")) {
        assertThat(FolderTree.list(folder)).as("an empty folder").isNotEmpty();
      }
    }
  }

  /** The record of what was deleted belongs to no document. */
  private static boolean isRecord(Path file) {
    return file.getFileName().toString().startsWith(".deleted.jsonl");
  }

  private static void addSealed(Set<Path> expected, Path folder) throws IOException {
    String id = folder.getFileName().toString();
    Path file = folder.resolve(Manifest.FILE);
    Manifest manifest = Manifest.fromJson(Files.readAllBytes(file), id, file);
    expected.add(file);
    expected.add(folder.resolve(FactsFile.FILE));
    for (FileEntry entry : manifest.files()) {
      expected.add(folder.resolve(entry.name()));
    }
  }

  /** Goes on with every build, and seals it. */
  void finish(DocumentStore store) {
    for (DocumentSummary summary : store.list(true)) {
      if (summary.state() == DocumentState.BUILDING) {
        String title = Objects.requireNonNull(summary.attributes().get("title"));
        goOn(store, title, summary.origin().parentId());
        Line line = line(title);
        assertThat(Contents.digest(store, line.id))
            .as(title)
            .isEqualTo(line.contents.digest(line.contents.steps()));
      }
    }
  }

  /** Begins a document, or goes on with it from its last checkpoint, and seals it. */
  void goOn(DocumentStore store, String title, String parentId) {
    Line line = line(title);
    DocumentSummary build =
        store.create(
            new NewDocument(
                Contents.LAYOUT,
                Map.of("title", title),
                false,
                "key of " + title,
                new Origin("", parentId)));
    int done = (int) (build.checkpointTokens() / Contents.TOKENS_PER_STEP);
    assertThat(done).as(title).isGreaterThanOrEqualTo(line.checkpointTold);
    if (done > 0) {
      assertThat(Contents.digest(store, build.id()))
          .as("%s after %d steps", title, done)
          .isEqualTo(line.contents.digest(done));
    }
    for (int step = done; step < line.contents.steps(); step++) {
      line.contents.append(store, build.id(), step);
      if (step % 2 == 0) {
        checkpoint(store, title, build.id(), step + 1);
      }
    }
    seal(store, title, build.id(), false);
  }

  /** Begins a delta of a document, and promotes it. */
  void promote(DocumentStore store, String title, String parentId) {
    Contents contents = line(title).contents;
    String id =
        store
            .create(
                new NewDocument(
                    Contents.LAYOUT, Map.of("title", title), true, "", new Origin("", parentId)))
            .id();
    for (int step = 0; step < contents.steps(); step++) {
      contents.append(store, id, step);
    }
    seal(store, title, id, true);
  }

  /** Deletes all that is listed; nothing may remain. */
  void deleteAll(DocumentStore store, Path dataFolder) throws IOException {
    Set<String> ids = new HashSet<>();
    store.list(false).forEach(summary -> ids.add(summary.id()));
    ids.forEach(store::delete);
    try (var paths = Files.walk(dataFolder)) {
      assertThat(paths.filter(Files::isRegularFile).filter(file -> !isRecord(file))).isEmpty();
    }
  }
}
