package io.ltri.index.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.index.store.DataLossException;
import io.ltri.index.store.DocumentNotFoundException;
import io.ltri.index.store.DocumentStore;
import io.ltri.index.store.LayerView;
import io.ltri.index.store.LifeSettings;
import io.ltri.index.store.OpenDocument;
import io.ltri.index.store.SealedSample;
import io.ltri.index.store.SearchMode;
import io.ltri.index.store.WrongStateException;
import io.ltri.placement.Shards;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Documents of three layers in two ranges, each range in a shard of its own. */
class SplitDocumentsTest {

  private static final String FIRST = "blocks-0000-0001";
  private static final String SECOND = "blocks-0002-0002";

  @TempDir Path folder;

  private final TestNode.Clock clock = new TestNode.Clock();
  private final SealedSample sample = new SealedSample(7);
  private final List<TestNode> nodes = new ArrayList<>();
  private Path library;
  private TestNode one;
  private TestNode two;
  private String id;

  private TestNode node(String name) {
    TestNode node =
        new TestNode(
            folder.resolve(name), "folder:" + library, clock, LifeSettings.UNLIMITED, 1, 1);
    nodes.add(node);
    return node;
  }

  private static int shard(String id) {
    return Shards.of(id, TestNode.SHARDS);
  }

  private static int next(int shard) {
    return (shard + 1) % TestNode.SHARDS;
  }

  /** The first node serves one shard and makes a document in it, the second one the next shard. */
  @BeforeEach
  void sealOne() throws IOException {
    library = Files.createDirectory(folder.resolve("library"));
    one = node("one");
    two = node("two");
    TestNode.meet(one, two);
    one.shared.load(3);
    two.shared.load(4);
    id = sample.seal(one.store, SearchMode.SCAN);
    assertThat(shard(id)).isEqualTo(3);
  }

  @AfterEach
  void close() {
    nodes.forEach(TestNode::close);
  }

  private Path file(String node, String document, String name) {
    return folder.resolve(node).resolve("documents").resolve(document).resolve(name);
  }

  /** Hashes of keys and values of a layer as one node has them. */
  private static List<Integer> blocks(DocumentStore store, String id, int layer) {
    List<Integer> blocks = new ArrayList<>();
    try (OpenDocument document = store.open(id)) {
      LayerView view = document.layer(layer);
      for (int span = 0; span < view.spanCount(); span++) {
        blocks.add(Arrays.hashCode(view.keys(span).toArray(ValueLayout.JAVA_BYTE)));
        blocks.add(Arrays.hashCode(view.values(span).toArray(ValueLayout.JAVA_BYTE)));
      }
    }
    return blocks;
  }

  private static void assertElsewhere(DocumentStore store, String id, int layer) {
    assertThatThrownBy(() -> blocks(store, id, layer))
        .isInstanceOf(DocumentNotFoundException.class)
        .hasMessageContaining("not on this node");
  }

  private void letOthersGetTheirs() {
    nodes.forEach(node -> node.shared.reconcile());
    clock.now += TimeUnit.MINUTES.toMillis(11);
    nodes.forEach(node -> node.shared.reconcile());
  }

  @Test
  void eachNodeHasTheFilesOfItsLayersOnly() {
    assertThat(two.ids()).containsExactly(id);
    assertThat(two.store.summary(id).partLayers()).containsExactly(0, 2);
    assertThat(file("two", id, FIRST)).doesNotExist();
    assertThat(blocks(two.store, id, 2)).isEqualTo(blocks(one.store, id, 2)).hasSize(60);
    assertElsewhere(two.store, id, 0);
    sample.assertWhole(one.store, id);
    letOthersGetTheirs();
    assertThat(file("one", id, SECOND)).doesNotExist();
    assertThat(blocks(one.store, id, 0)).hasSize(24);
    assertElsewhere(one.store, id, 2);
    assertThat(blocks(two.store, id, 2)).hasSize(60);
    for (TestNode node : nodes) {
      assertThat(node.store.verify(id, (read, total) -> {})).isEmpty();
      assertThat(node.shared.unpublished()).isZero();
      assertThatThrownBy(() -> node.store.export(id))
          .isInstanceOf(WrongStateException.class)
          .hasMessageContaining("split over the nodes");
    }
  }

  @Test
  void whoReadsWhatIsLetGoOfCanFinish() {
    try (OpenDocument open = one.store.open(id)) {
      LayerView view = open.layer(2);
      letOthersGetTheirs();
      assertThat(file("one", id, SECOND)).doesNotExist();
      assertThat(view.keys(29).byteSize()).isPositive();
    }
  }

  @Test
  void shardThatComesLaterBringsItsPartToWhatIsThere() {
    letOthersGetTheirs();
    two.shared.load(3);
    sample.assertWhole(two.store, id);
    assertThat(file("two", id, FIRST)).exists();
    two.shared.drop(4);
    letOthersGetTheirs();
    assertThat(file("two", id, SECOND)).doesNotExist();
    assertThat(blocks(two.store, id, 0)).hasSize(24);
  }

  @Test
  void whatANodeHasSurvivesItsRestart() {
    letOthersGetTheirs();
    nodes.remove(two);
    two.close();
    two = node("two");
    assertThat(two.store.summary(id).partLayers()).containsExactly(0, 2);
    assertThat(blocks(two.store, id, 2)).hasSize(60);
    assertElsewhere(two.store, id, 0);
  }

  @Test
  void deletedDocumentGoesFromAllThatHaveAPartAndLeavesNoTrace() {
    long unused = one.store.delete(id);
    assertThat(two.ids()).isEmpty();
    assertThat(one.keys()).containsExactly("deleted/003/" + id);
  }

  @Test
  void nodeThatWasAwayLetsGoOfItsPartLater() {
    two.away = true;
    long unused = one.store.delete(id);
    assertThat(two.ids()).containsExactly(id);
    two.shared.reconcile();
    assertThat(two.ids()).isEmpty();
  }

  @Test
  void documentThatContinuesASplitOneIsSplitWithIt() {
    String child = one.sealChild(id, 5);
    assertThat(two.store.summary(child).partLayers()).containsExactly(0, 2);
    assertThat(two.store.ancestors(child)).containsExactly(id);
    letOthersGetTheirs();
    assertThat(file("one", child, SECOND)).doesNotExist();
    TestNode three = node("three");
    three.shared.load(next(shard(child)));
    assertThat(three.ids()).containsExactlyInAnyOrder(id, child);
    assertThat(blocks(three.store, id, 2)).hasSize(60);
    assertElsewhere(three.store, child, 0);
  }

  @Test
  void partThatIsDamagedInTheStoreDoesNotCome() throws IOException {
    letOthersGetTheirs();
    Path blob = library.resolve("shards/003").resolve(id).resolve(FIRST);
    byte[] bytes = Files.readAllBytes(blob);
    bytes[70] ^= 1;
    Files.write(blob, bytes);
    two.shared.load(3);
    assertElsewhere(two.store, id, 0);
    assertThat(blocks(two.store, id, 2)).hasSize(60);
    bytes[70] ^= 1;
    Files.write(blob, bytes);
    two.shared.reconcile();
    sample.assertWhole(two.store, id);
  }

  @Test
  void noteThatCanNotBeReadIsDamage() throws IOException {
    nodes.remove(two);
    two.close();
    Files.writeString(file("two", id, "ranges.json"), "{\"ranges\":[7]}");
    two = node("two");
    assertThatThrownBy(() -> blocks(two.store, id, 2)).isInstanceOf(DataLossException.class);
  }
}
