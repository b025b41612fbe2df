package io.ltri.index.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.index.store.DeletionReason;
import io.ltri.index.store.DocumentNotFoundException;
import io.ltri.index.store.DocumentStore;
import io.ltri.index.store.FactsChange;
import io.ltri.index.store.InvalidInputException;
import io.ltri.index.store.LifeSettings;
import io.ltri.index.store.NoRoomException;
import io.ltri.index.store.SealFacts;
import io.ltri.index.store.SealedSample;
import io.ltri.index.store.SearchMode;
import io.ltri.index.store.Stores;
import io.ltri.index.store.UnavailableException;
import io.ltri.placement.Shards;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Stores that share their documents by one folder; each node serves every shard unless said. */
@Tag("slow")
class SharedDocumentsTest {

  @TempDir Path folder;

  private final TestNode.Clock clock = new TestNode.Clock();
  private final SealedSample sample = new SealedSample(7);
  private final List<TestNode> nodes = new ArrayList<>();
  private Path library;

  @BeforeEach
  void makeLibrary() throws IOException {
    library = Files.createDirectory(folder.resolve("library"));
  }

  @AfterEach
  void close() {
    nodes.forEach(TestNode::close);
  }

  private TestNode node(String name) {
    TestNode node = new TestNode(folder.resolve(name), library, clock);
    nodes.add(node);
    return node;
  }

  private void stop(TestNode node) {
    nodes.remove(node);
    nodes.forEach(other -> other.others.remove(node));
    node.close();
  }

  private static FactsChange pin() {
    return new FactsChange(null, null, true, Map.of(), List.of());
  }

  private static FactsChange label(String name) {
    return new FactsChange(null, null, null, Map.of(name, "yes"), List.of());
  }

  @Test
  void documentSealedOnOneNodeIsServedByTheOtherByteForByte() {
    TestNode one = node("one").serveAll();
    TestNode two = node("two").serveAll();
    TestNode.meet(one, two);
    String scanned = sample.seal(one.store, SearchMode.SCAN);
    String graph = sample.seal(two.store, SearchMode.GRAPH);
    for (TestNode node : nodes) {
      assertThat(node.ids()).containsExactlyInAnyOrder(scanned, graph);
      sample.assertWhole(node.store, scanned);
      sample.assertWhole(node.store, graph);
      assertThat(node.store.verify(scanned, (read, total) -> {})).isEmpty();
      assertThat(node.shared.unpublished()).isZero();
    }
  }

  @Test
  void emptyNodeIsFilledFromTheStoreAndHasItAfterARestart() {
    TestNode one = node("one").serveAll();
    String id = sample.seal(one.store, SearchMode.SCAN);
    stop(one);
    sample.assertWhole(node("two").serveAll().store, id);
    stop(nodes.getFirst());
    sample.assertWhole(node("two").store, id);
  }

  @Test
  void whatWasSealedBeforeThereWasAClusterIsPublishedAtTheStart() {
    String id;
    String child;
    try (DocumentStore alone =
        Stores.open(folder.resolve("one"), LifeSettings.UNLIMITED, () -> clock.now)) {
      id = sample.seal(alone, SearchMode.SCAN);
    }
    TestNode one = node("one");
    assertThat(one.shared.unpublished()).isEqualTo(1);
    one.shared.reconcile();
    assertThat(one.shared.unpublished()).isZero();
    child = one.sealChild(id, 1);
    TestNode two = node("two").serveAll();
    sample.assertWhole(two.store, id);
    assertThat(two.store.ancestors(child)).containsExactly(id);
  }

  @Test
  void onlyTheShardsThatANodeWasGivenComeToIt() {
    TestNode one = node("one").serveAll();
    TestNode two = node("two");
    TestNode.meet(one, two);
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      ids.add(one.sealChild("", i));
    }
    assertThat(two.ids()).isEmpty();
    two.shared.load(3);
    assertThat(two.shared.shards()).containsExactly(3);
    assertThat(two.ids())
        .containsExactlyInAnyOrderElementsOf(
            ids.stream().filter(id -> Shards.of(id, TestNode.SHARDS) == 3).toList());
  }

  @Test
  void newIdsLieInServedShardsAndChildrenWithTheirParents() {
    TestNode one = node("one");
    one.shared.load(5);
    String id = one.sealChild("", 1);
    assertThat(Shards.of(id, TestNode.SHARDS)).isEqualTo(5);
    String child = one.sealChild(id, 2);
    assertThat(child.substring(0, 4)).isEqualTo(id.substring(0, 4));
    assertThat(child).hasSameSizeAs(id).isNotEqualTo(id);
  }

  // -- replication factors
  // --------------------------------------------------------------------------------------------------

  @Test
  void aDocumentOfItsOwnFactorLiesInShardsOfThatFactorAndSoDoesWhatContinuesIt() {
    TestNode one = node("one").serveAll();
    TestNode two = node("two").serveAll();
    TestNode.meet(one, two);
    int ofThree = 3 * TestNode.SHARDS;
    one.shared.load(ofThree + 5);
    String id = one.seal("", 1, SealFacts.NONE, 3);
    assertThat(Shards.replicas(id)).isEqualTo(3);
    assertThat(Shards.of(id, TestNode.SHARDS)).isEqualTo(ofThree + 5);
    assertThat(one.keys()).contains("replicas/3", "shards/029/" + id + "/manifest.json");
    String child = one.sealChild(id, 2);
    assertThat(child).startsWith(Shards.group(id)).hasSameSizeAs(id);
    String same = one.seal(id, 3, SealFacts.NONE, 3);
    // The other serves all shards of the cluster's own factor, but none of these.
    assertThat(two.ids()).isEmpty();
    two.shared.load(ofThree + 5);
    assertThat(two.ids()).containsExactlyInAnyOrder(id, child, same);
    long unused = two.store.delete(id);
    assertThat(one.ids()).containsExactlyInAnyOrder(child, same);
    unused = one.store.delete(child);
    unused = two.store.delete(same);
    for (TestNode node : nodes) {
      assertThat(node.ids()).isEmpty();
      node.shared.reconcile();
    }
    assertThat(one.keys()).noneMatch(key -> key.startsWith("shards/"));
  }

  @Test
  void whatContinuesADocumentCanNotHaveAnotherFactor() {
    TestNode one = node("one").serveAll();
    String id = one.sealChild("", 1);
    assertThatThrownBy(() -> one.seal(id, 2, SealFacts.NONE, 3))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("leave out replicas");
    assertThatThrownBy(() -> one.seal("", 2, SealFacts.NONE, 17))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("1 to 16");
  }

  // -- deletion
  // --------------------------------------------------------------------------------------------------

  @Test
  void whatIsDeletedOnOneNodeGoesFromTheOtherAndFromTheStore() {
    TestNode one = node("one").serveAll();
    TestNode two = node("two").serveAll();
    TestNode.meet(one, two);
    String id = sample.seal(one.store, SearchMode.SCAN);
    two.store.delete(id, DeletionReason.REPLACED);
    for (TestNode node : nodes) {
      assertThat(node.ids()).isEmpty();
      assertThat(node.store.deleted(0))
          .singleElement()
          .satisfies(gone -> assertThat(gone.reason()).isEqualTo(DeletionReason.REPLACED));
    }
    assertThat(one.keys()).allMatch(key -> key.startsWith("deleted/")).hasSize(1);
  }

  @Test
  void nodeThatWasAwayDoesNotBringBackWhatWasDeleted() {
    TestNode one = node("one").serveAll();
    TestNode two = node("two").serveAll();
    TestNode.meet(one, two);
    String id = sample.seal(one.store, SearchMode.SCAN);
    String stopped = one.sealChild("", 1);
    two.away = true;
    one.store.delete(id);
    assertThat(two.ids()).contains(id);
    two.shared.reconcile();
    assertThat(two.ids()).containsExactly(stopped);
    stop(two);
    one.store.delete(stopped);
    two = node("two");
    assertThat(two.ids()).containsExactly(stopped);
    two.serveAll();
    assertThat(two.ids()).isEmpty();
    two.shared.reconcile();
    one.shared.reconcile();
    assertThat(one.ids()).isEmpty();
  }

  @Test
  void tombstonesGoAfterAMonthAndANodeThatWasAwayForLongerBringsNothingBack() {
    TestNode one = node("one").serveAll();
    TestNode two = node("two").serveAll();
    TestNode.meet(one, two);
    String id = sample.seal(one.store, SearchMode.SCAN);
    stop(two);
    one.store.delete(id);
    clock.now += SharedDocuments.MEMORY_MILLIS - 1000;
    one.shared.reconcile();
    assertThat(one.keys()).hasSize(1);
    clock.now += 2000;
    one.shared.reconcile();
    assertThat(one.keys()).isEmpty();
    two = node("two");
    assertThat(two.ids()).containsExactly(id);
    two.shared.reconcile();
    assertThat(two.ids()).isEmpty();
    assertThat(two.keys()).isEmpty();
  }

  @Test
  void documentThatOthersStandOnIsKeptForThemAndGoesWithTheLast() {
    TestNode one = node("one").serveAll();
    TestNode two = node("two").serveAll();
    TestNode.meet(one, two);
    String parent = sample.seal(one.store, SearchMode.SCAN);
    String child = one.sealChild(parent, 1);
    String grandchild = two.sealChild(child, 2);
    two.store.delete(parent);
    TestNode late = node("late").serveAll();
    for (TestNode node : nodes) {
      assertThat(node.ids()).containsExactlyInAnyOrder(child, grandchild);
      assertThat(node.store.ancestors(grandchild)).containsExactly(parent, child);
      assertThatThrownBy(() -> node.store.summary(parent))
          .isInstanceOf(DocumentNotFoundException.class);
      sample.assertWhole(node.store, parent);
    }
    TestNode.meet(one, two, late);
    late.store.delete(child);
    one.store.delete(grandchild);
    for (int i = 0; i < 3; i++) {
      nodes.forEach(node -> node.shared.reconcile());
    }
    for (TestNode node : nodes) {
      assertThat(node.ids()).isEmpty();
      assertThat(node.store.isHidden(parent)).isFalse();
    }
    assertThat(one.keys()).allMatch(key -> key.startsWith("deleted/")).hasSize(3);
  }

  @Test
  void parentThatIsDeletedWhileADocumentIsBuiltOnItIsPutBack() {
    TestNode one = node("one").serveAll();
    TestNode two = node("two").serveAll();
    TestNode.meet(one, two);
    String parent = sample.seal(one.store, SearchMode.SCAN);
    String building =
        one.store
            .create(
                new io.ltri.index.store.NewDocument(
                    SealedSample.LAYOUT,
                    Map.of(),
                    false,
                    "",
                    new io.ltri.index.store.Origin("", parent)))
            .id();
    two.store.delete(parent);
    assertThat(one.keys()).hasSize(1);
    try (var seal = one.store.beginSeal(building)) {
      seal.finish(Map.of(), SearchMode.SCAN);
    }
    assertThat(two.ids()).containsExactly(building);
    sample.assertWhole(two.store, parent);
  }

  // -- publication that fails
  // ------------------------------------------------------------------------------------

  @Test
  void documentThatCanNotBePublishedStaysHereAndIsPublishedLater() {
    TestNode one = node("one").serveAll();
    TestNode two = node("two").serveAll();
    TestNode.meet(one, two);
    one.blobs.putsLeft.set(3);
    assertThatThrownBy(() -> sample.seal(one.store, SearchMode.SCAN))
        .isInstanceOf(UnavailableException.class)
        .hasMessageContaining("is sealed on this node and could not be published");
    String id = one.ids().getFirst();
    sample.assertWhole(one.store, id);
    assertThat(one.shared.unpublished()).isEqualTo(1);
    two.shared.reconcile();
    assertThat(two.ids()).isEmpty();
    one.shared.reconcile();
    assertThat(one.ids()).containsExactly(id);

    stop(one);
    TestNode again = node("one").serveAll();
    assertThat(again.shared.unpublished()).isEqualTo(1);
    again.shared.reconcile();
    assertThat(again.shared.unpublished()).isZero();
    two.shared.reconcile();
    sample.assertWhole(two.store, id);
  }

  @Test
  void publishingGoesOnWhereItWasBrokenOff() {
    TestNode one = node("one").serveAll();
    String id = sample.seal(one.store, SearchMode.SCAN);
    int puts = one.blobs.puts.get();
    one.blobs.putsLeft.set(puts - 4);
    assertThatThrownBy(() -> sample.seal(one.store, SearchMode.SCAN))
        .isInstanceOf(UnavailableException.class);
    one.blobs.heal();
    one.blobs.puts.set(0);
    one.shared.reconcile();
    assertThat(one.shared.unpublished()).isZero();
    assertThat(one.blobs.puts.get()).isLessThanOrEqualTo(4);
    assertThat(id).isNotEmpty();
  }

  @Test
  void deletionThatCanNotBeDecidedIsNotDone() {
    TestNode one = node("one").serveAll();
    String id = sample.seal(one.store, SearchMode.SCAN);
    one.blobs.down = true;
    assertThatThrownBy(() -> one.store.delete(id)).isInstanceOf(UnavailableException.class);
    sample.assertWhole(one.store, id);
    one.blobs.heal();
    one.store.delete(id);
    assertThat(one.ids()).isEmpty();
  }

  @Test
  void libraryThatWasEmptiedOrIsNotMountedTakesNothingAway() throws IOException {
    TestNode one = node("one").serveAll();
    String id = sample.seal(one.store, SearchMode.SCAN);
    Path moved = Files.move(library, folder.resolve("elsewhere"));
    Files.createDirectories(library.resolve(".part"));
    one.shared.reconcile();
    sample.assertWhole(one.store, id);
    assertThatThrownBy(() -> one.shared.load(1)).hasMessageContaining("another place");
    stop(one);
    // A new, empty library is filled.
    TestNode again = node("one").serveAll();
    again.shared.reconcile();
    assertThat(again.ids()).containsExactly(id);
    sample.assertWhole(node("two").serveAll().store, id);
    assertThat(moved).isDirectory();
  }

  @Test
  void fileThatIsDamagedOrMissingInTheStoreIsNotServedAndHoldsUpNoOther() throws IOException {
    TestNode one = node("one").serveAll();
    String sound = sample.seal(one.store, SearchMode.SCAN);
    String flipped = one.sealChild("", 1);
    String missing = one.sealChild("", 2);
    Path blocks = file(flipped, "blocks-0000-0001");
    byte[] bytes = Files.readAllBytes(blocks);
    bytes[bytes.length / 2] ^= 1;
    Files.write(blocks, bytes);
    Files.delete(file(missing, "tail"));
    TestNode two = node("two").serveAll();
    assertThat(two.ids()).containsExactly(sound);
    sample.assertWhole(two.store, sound);
    assertThat(folder.resolve("two/documents/.importing")).isEmptyDirectory();
  }

  private Path file(String id, String name) {
    return library.resolve("shards/%03d/%s/%s".formatted(Shards.of(id, TestNode.SHARDS), id, name));
  }

  @Test
  void documentWhoseManifestIsDamagedHereComesAnewFromTheStore() throws IOException {
    TestNode one = node("one").serveAll();
    String id = sample.seal(one.store, SearchMode.SCAN);
    stop(one);
    Files.writeString(folder.resolve("one/documents").resolve(id).resolve("manifest.json"), "{}");
    TestNode again = node("one");
    assertThat(again.ids()).isEmpty();
    again.serveAll();
    sample.assertWhole(again.store, id);
  }

  // -- what may change
  // -------------------------------------------------------------------------------------------

  @Test
  void changesOnBothNodesAreKeptAndSeenByBoth() {
    TestNode one = node("one").serveAll();
    TestNode two = node("two").serveAll();
    TestNode.meet(one, two);
    String id = sample.seal(one.store, SearchMode.SCAN);
    one.store.update(id, pin());
    two.store.update(id, label("one"));
    one.store.update(id, label("two"));
    nodes.forEach(node -> node.shared.reconcile());
    for (TestNode node : nodes) {
      assertThat(node.store.summary(id).facts().pinned()).isTrue();
      assertThat(node.store.summary(id).facts().labels()).containsOnlyKeys("one", "two");
    }
    TestNode three = node("three").serveAll();
    assertThat(three.store.summary(id).facts().pinned()).isTrue();
  }

  @Test
  void useOnOneNodePutsOffTheEndOnAll() {
    TestNode one = node("one").serveAll();
    TestNode two = node("two").serveAll();
    TestNode.meet(one, two);
    String id = one.seal("", 1, new SealFacts(0, 1000, 600_000));
    String ends = one.seal("", 2, new SealFacts(0, 1000, 0));
    clock.now += 10;
    one.store.used(id);
    clock.now += 2000;
    // The other has not heard of the use: it asks before it decides.
    one.shared.reconcile();
    two.store.sweep();
    assertThat(two.ids()).containsExactly(id);
    one.shared.reconcile();
    two.shared.reconcile();
    assertThat(one.ids()).containsExactly(id);
    assertThat(two.store.deleted(0))
        .singleElement()
        .satisfies(
            gone -> {
              assertThat(gone.id()).isEqualTo(ends);
              assertThat(gone.reason()).isEqualTo(DeletionReason.EXPIRED);
            });
    clock.now += 700_000;
    one.store.sweep();
    assertThat(one.ids()).isEmpty();
    assertThat(two.ids()).isEmpty();
  }

  // -- room
  // ------------------------------------------------------------------------------------------------------

  private TestNode small(String name, long bytes) {
    LifeSettings life = new LifeSettings(bytes, 0, Map.of(), 0, true, 0, 86_400_000);
    TestNode node = new TestNode(folder.resolve(name), "folder:" + library, clock, life, 1);
    nodes.add(node);
    return node;
  }

  @Test
  void onlyCopiesOfShardsThatANodeDoesNotServeMakeRoom() {
    TestNode one = small("one", 400_000).serveAll();
    List<String> sealed = new ArrayList<>();
    NoRoomException full = null;
    for (int i = 0; i < 50 && full == null; i++) {
      full = fill(one, i, sealed);
    }
    assertThat(full).isNotNull();
    assertThat(one.ids()).containsExactlyInAnyOrderElementsOf(sealed);
    // Another node takes over all shards but those of the first document.
    String served = sealed.getFirst();
    for (int shard = 0; shard < TestNode.SHARDS; shard++) {
      if (shard != Shards.of(served, TestNode.SHARDS)) {
        one.shared.drop(shard);
      }
    }
    assertThat(fill(one, 100, sealed)).isNull();
    assertThat(one.ids()).contains(served).hasSizeLessThan(sealed.size());
    assertThat(one.store.deleted(0)).noneMatch(gone -> sealed.contains(gone.id()));
    assertThat(node("two").serveAll().ids()).containsExactlyInAnyOrderElementsOf(sealed);
  }

  private static @Nullable NoRoomException fill(TestNode node, long seed, List<String> sealed) {
    try {
      sealed.add(node.sealChild("", seed));
      return null;
    } catch (NoRoomException e) {
      node.store.list(true).stream()
          .filter(document -> !sealed.contains(document.id()))
          .forEach(document -> node.store.delete(document.id()));
      return e;
    }
  }

  // -- import
  // ----------------------------------------------------------------------------------------------------

  @Test
  void importedDocumentsArePublishedWithWhatTheyStandOn() {
    TestNode one = node("one").serveAll();
    TestNode two = node("two").serveAll();
    TestNode.meet(one, two);
    String parent = sample.seal(one.store, SearchMode.SCAN);
    String child = one.sealChild(parent, 1);
    String imported;
    try (var export = one.store.export(child);
        var intake = two.store.beginImport("")) {
      for (var bytes = export.next(); bytes != null; bytes = export.next()) {
        intake.take(bytes);
      }
      imported = intake.finish().id();
    }
    assertThat(one.ids()).containsExactlyInAnyOrder(parent, child, imported);
    String below = one.store.ancestors(imported).getFirst();
    assertThat(below).isNotEqualTo(parent);
    assertThat(one.store.isHidden(below)).isTrue();
    sample.assertWhole(one.store, below);
  }
}
