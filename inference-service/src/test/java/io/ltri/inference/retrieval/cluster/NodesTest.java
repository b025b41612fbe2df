package io.ltri.inference.retrieval.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.ltri.inference.retrieval.cluster.Nodes.Node;
import io.ltri.placement.Shards;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class NodesTest {

  private static final String DOCUMENT = "abcdefghijkmnpqr";
  private static final long SECOND = 1_000_000_000;

  private final TestCluster cluster = new TestCluster("n1", "n2", "n3");
  private final AtomicLong now = new AtomicLong();
  private final Nodes nodes = new Nodes(cluster, cluster::connect, now::get);

  @Test
  void loadIsWhatWasUnderWayInTheLastSecond() {
    Load load = new Load(now::get);
    assertThat(load.value()).isZero();
    load.begin();
    load.begin();
    now.addAndGet(10 * SECOND);
    assertThat(load.value()).isCloseTo(2, within(0.001));
    load.end();
    load.end();
    assertThat(load.value()).isCloseTo(2, within(0.001));
    now.addAndGet(SECOND);
    assertThat(load.value()).isCloseTo(2 / Math.E, within(0.001));
    now.addAndGet(20 * SECOND);
    for (int i = 0; i < 8; i++) {
      load.opened();
    }
    assertThat(load.value()).isCloseTo(1, within(0.001));
    for (int i = 0; i < 8; i++) {
      load.closed();
    }
    assertThat(load.value()).isCloseTo(0, within(0.001));
  }

  @Test
  void aDocumentIsAskedForAtTheNodesOfItsFactorsShards() {
    String ofOne = Shards.factor(1) + DOCUMENT;
    int shard = Shards.of(DOCUMENT, cluster.shards());
    cluster.serve(shard, List.of("n1", "n3"));
    cluster.serve(cluster.shards() + shard, List.of("n2"));
    cluster.serve(cluster.shards() + (shard + 1) % cluster.shards(), List.of("n3"));
    assertThat(nodes.serving(DOCUMENT)).extracting(Node::name).containsOnly("n1", "n3");
    assertThat(nodes.serving(ofOne)).extracting(Node::name).containsExactly("n2");
    assertThat(nodes.serving(ofOne, 1)).extracting(Node::name).containsExactly("n3", "n2");
  }

  @Test
  void aDocumentStaysAtItsNodeUntilThatIsBusierThanOthers() {
    Node home = nodes.serving(DOCUMENT).getFirst();
    home.load().begin();
    now.addAndGet(10 * SECOND);
    for (int i = 0; i < 20; i++) {
      assertThat(nodes.serving(DOCUMENT).getFirst()).as("its caches are warm").isEqualTo(home);
    }
    home.load().begin();
    now.addAndGet(10 * SECOND);
    boolean[] others = new boolean[4];
    for (int i = 0; i < 64; i++) {
      Node first = nodes.serving(DOCUMENT).getFirst();
      assertThat(first).isNotEqualTo(home);
      others[first.name().charAt(1) - '0'] = true;
      assertThat(nodes.serving(DOCUMENT)).hasSize(3).doesNotHaveDuplicates();
    }
    assertThat(others).as("not all go to the same one").contains(true, true);
    home.load().end();
    home.load().end();
    now.addAndGet(20 * SECOND);
    assertThat(nodes.serving(DOCUMENT).getFirst()).isEqualTo(home);
  }
}
