package io.ltri.inference.retrieval.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.inference.retrieval.BruteForceIndex;
import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.LookupStream;
import io.ltri.inference.retrieval.NewDocument;
import io.ltri.inference.retrieval.OffloadedSpan;
import io.ltri.inference.retrieval.Seal;
import io.ltri.inference.retrieval.SearchRule;
import io.ltri.inference.retrieval.SpanBlock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A document whose two layers lie on different nodes, beside the same one on a single node. */
class SplitDocumentTest {

  private static final Duration DEADLINE = Duration.ofSeconds(20);

  private final TestCluster three = new TestCluster("n1", "n2", "n3");
  private final TestCluster solo = new TestCluster("n1");

  private static ClusterSpanIndex index(TestCluster cluster) {
    return new ClusterSpanIndex(
        cluster, new ClusterSpanIndex.Settings(DEADLINE, 1 << 20, 95, 0), cluster::connect);
  }

  /** The same sealed document on all nodes, of which each shows what it has. */
  private static String base(TestCluster cluster) {
    String id = "";
    for (BruteForceIndex node : cluster.stores()) {
      id = node.create(new NewDocument(TestSpans.LAYOUT, Map.of(), false, "", "", null)).id();
      node.append(id, 0, TestSpans.spans(1, 0, 20));
      node.append(id, 1, TestSpans.spans(2, 0, 20));
      node.seal(id, Seal.of(Map.of()), Map.of());
    }
    return id;
  }

  private static String sequence(ClusterSpanIndex index, String base) {
    String id = index.create(new NewDocument(TestSpans.LAYOUT, Map.of(), true, "", "", base)).id();
    index.append(id, 0, TestSpans.spans(3, 60, 4));
    index.append(id, 1, TestSpans.spans(4, 60, 4));
    index.append(id, 0, TestSpans.spans(5, 72, 4));
    return id;
  }

  private static List<String> found(LookupStream stream, int queries) {
    List<String> found = new ArrayList<>();
    for (int i = 0; i < queries; i++) {
      for (int layer = 0; layer < 2; layer++) {
        stream
            .ask(layer, TestSpans.query(i), 1, 60, 0, SearchRule.DEFAULT)
            .await(DEADLINE)
            .forEach(
                c ->
                    found.add(
                        "%d:%d:%d:%s"
                            .formatted(
                                c.document(),
                                c.span(),
                                c.start(),
                                java.util.Arrays.toString(c.mass()))));
      }
    }
    return found;
  }

  @Test
  void eachLayerIsAskedForWhereItIsAndTheAnswersAreThoseOfOneNode() {
    String base = base(three);
    assertThat(base(solo)).isEqualTo(base);
    three.split(base, List.of("n1"));
    try (ClusterSpanIndex split = index(three);
        ClusterSpanIndex whole = index(solo)) {
      String own = sequence(split, base);
      String ownOnOne = sequence(whole, base);
      try (LookupStream parts = split.lookups(List.of(base));
          LookupStream one = whole.lookups(List.of(base))) {
        assertThat(found(parts, 10)).isEqualTo(found(one, 10)).isNotEmpty();
      }
      try (LookupStream parts = split.lookups(List.of(base, own));
          LookupStream one = whole.lookups(List.of(base, ownOnOne))) {
        List<String> before = found(one, 10);
        assertThat(before.toString()).contains("1:");
        assertThat(found(parts, 10)).isEqualTo(before);
        assertThat(three.store("n1").spans(own, 1)).as("the other layer's are elsewhere").isEmpty();
        String second = three.store("n2").size() > 1 ? "n2" : "n3";
        three.store(second).failEverythingWith = "away";
        three.store(second).failLookupsWith = "away";
        assertThat(found(parts, 10)).isEqualTo(before);
        assertThat(split.moves()).isEqualTo(1);
      }
      for (int layer = 0; layer < 2; layer++) {
        assertThat(split.fetch(base, layer, new int[] {3}, DEADLINE))
            .extracting(SpanBlock::start)
            .containsExactly(9);
        assertThat(split.fetch(own, layer, new int[] {2}, DEADLINE))
            .extracting(SpanBlock::start)
            .containsExactly(66);
      }
      assertThat(split.delete(own)).isEqualTo(2);
      assertThat(split.replayBytes()).isZero();
    }
  }

  @Test
  void keptConversationComesTogetherOnOneNode() {
    String base = base(three);
    three.split(base, List.of("n1"));
    try (ClusterSpanIndex index = index(three)) {
      String own = sequence(index, base);
      String sealed = index.seal(own, Seal.of(Map.of()), Map.of()).id();
      BruteForceIndex node = three.store("n1");
      assertThat(node.get(sealed).sealed()).isTrue();
      assertThat(starts(node.spans(sealed, 0))).containsExactly(60, 63, 66, 69, 72, 75, 78, 81);
      assertThat(starts(node.spans(sealed, 1))).containsExactly(60, 63, 66, 69);
      assertThat(index.replayBytes()).isZero();
    }
  }

  private static List<Integer> starts(List<OffloadedSpan> spans) {
    return spans.stream().map(span -> span.block().start()).toList();
  }

  @Test
  void textThatWouldContinueItIsRefused() {
    String base = base(three);
    three.split(base, List.of("n1"));
    try (ClusterSpanIndex index = index(three)) {
      assertThatThrownBy(
              () -> index.create(new NewDocument(TestSpans.LAYOUT, Map.of(), false, "", "", base)))
          .isInstanceOf(IndexException.class)
          .hasMessageContaining("split over several index nodes");
    }
  }
}
