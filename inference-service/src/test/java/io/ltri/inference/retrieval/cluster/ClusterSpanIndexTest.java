package io.ltri.inference.retrieval.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.ltri.inference.retrieval.BlockLayout;
import io.ltri.inference.retrieval.BruteForceIndex;
import io.ltri.inference.retrieval.Candidate;
import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.IndexedDocument;
import io.ltri.inference.retrieval.LookupStream;
import io.ltri.inference.retrieval.NewDocument;
import io.ltri.inference.retrieval.Seal;
import io.ltri.inference.retrieval.SearchRule;
import io.ltri.inference.retrieval.SpanBlock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class ClusterSpanIndexTest {

  private static final BlockLayout LAYOUT = TestSpans.LAYOUT;
  private static final Duration DEADLINE = Duration.ofSeconds(20);
  private static final long ROOM = 1 << 20;

  private final TestCluster cluster = new TestCluster("n1", "n2");

  private ClusterSpanIndex index(long replayBytes) {
    return new ClusterSpanIndex(
        cluster,
        new ClusterSpanIndex.Settings(Duration.ofMillis(200), replayBytes, 95, 0),
        cluster::connect);
  }

  private static List<Candidate> lookUp(LookupStream stream, long seed) {
    return stream.ask(0, TestSpans.query(seed), 1, 60, 0, SearchRule.DEFAULT).await(DEADLINE);
  }

  private static List<String> told(List<Candidate> found) {
    return found.stream().map(c -> c.document() + ":" + c.span() + ":" + c.start()).toList();
  }

  /** The same sealed document on both nodes. */
  private String base() {
    String id = "";
    for (BruteForceIndex node : cluster.stores()) {
      id = sealed(node);
    }
    return id;
  }

  private static String sealed(BruteForceIndex node) {
    String id = node.create(new NewDocument(LAYOUT, Map.of(), false, "", "", null)).id();
    node.append(id, 0, TestSpans.spans(1, 0, 20));
    node.seal(id, Seal.of(Map.of()), Map.of());
    return id;
  }

  private String sequence(ClusterSpanIndex index, String base) {
    String id = index.create(new NewDocument(LAYOUT, Map.of(), true, "", "", base)).id();
    index.append(id, 0, TestSpans.spans(2, 60, 4));
    index.append(id, 1, TestSpans.spans(3, 60, 4));
    index.append(id, 0, TestSpans.spans(4, 72, 4));
    return id;
  }

  @Test
  void aSequenceGoesOnAtAnotherNodeAndFindsTheSame() {
    String base = base();
    try (ClusterSpanIndex index = index(ROOM)) {
      String own = sequence(index, base);
      try (LookupStream stream = index.lookups(List.of(base, own))) {
        List<List<String>> before = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
          before.add(told(lookUp(stream, i)));
        }
        assertThat(before.toString()).contains("1:");
        BruteForceIndex holding = cluster.store(cluster.holding(own));
        holding.failEverythingWith = "away";
        holding.failLookupsWith = "away";
        for (int i = 0; i < 5; i++) {
          assertThat(told(lookUp(stream, i))).isEqualTo(before.get(i));
        }
        assertThat(index.moves()).isEqualTo(1);
        // Spans that come later are found too, and blocks of both documents.
        index.append(own, 0, TestSpans.spans(5, 84, 2));
        assertThat(index.fetch(own, 0, new int[] {9}, DEADLINE).getFirst().start()).isEqualTo(87);
        assertThat(index.fetch(base, 0, new int[] {3}, DEADLINE).getFirst().start()).isEqualTo(9);
      }
      assertThat(index.replayBytes()).isPositive();
      assertThat(index.delete(own)).isEqualTo(1);
      assertThat(index.replayBytes()).isZero();
    }
  }

  @Test
  void aLookUpOfASequenceThatHasEndedIsAskedOfNobodyElse() {
    String base = base();
    try (ClusterSpanIndex index = index(ROOM)) {
      LookupStream stream = index.lookups(List.of(base));
      LookupStream.Asked asked = stream.ask(0, TestSpans.query(1), 1, 60, 0, SearchRule.DEFAULT);
      stream.close();
      assertThatThrownBy(() -> asked.await(DEADLINE))
          .isInstanceOfSatisfying(
              IndexException.class,
              e -> assertThat(e.reason()).isEqualTo(IndexException.Reason.ENDED));
      assertThat(cluster.streams).hasValue(1);
      assertThat(index.moves()).isZero();
    }
  }

  @Test
  void aFrozenNodeCostsPatienceNotTheAnswer() {
    String base = base();
    try (ClusterSpanIndex index = index(ROOM)) {
      String own = sequence(index, base);
      try (LookupStream stream = index.lookups(List.of(base, own))) {
        List<String> before = told(lookUp(stream, 1));
        cluster.freeze(cluster.holding(own));
        assertThat(told(lookUp(stream, 1))).isEqualTo(before);
        assertThat(index.fetch(own, 0, new int[] {0}, DEADLINE)).hasSize(1);
        assertThat(index.moves()).isEqualTo(1);
      }
    }
  }

  /** Calls have taken long enough lately for nothing to be hedged but what is frozen. */
  private ClusterSpanIndex hedging(double share) {
    Hedging hedging = new Hedging(95, share);
    for (int i = 0; i < 512; i++) {
      hedging.answered(Hedging.Kind.LOOK_UP, 1, Duration.ofMillis(300).toNanos());
      hedging.answered(Hedging.Kind.FETCH, 1, Duration.ofMillis(300).toNanos());
    }
    return new ClusterSpanIndex(
        cluster,
        new ClusterSpanIndex.Settings(DEADLINE, ROOM, 95, share),
        cluster::connect,
        hedging);
  }

  @Test
  void ofASlowReplicaTheOtherOneIsAskedTooAndItIsLeftWhenItStaysSlow() {
    String base = base();
    try (ClusterSpanIndex index = hedging(1);
        LookupStream stream = index.lookups(List.of(base))) {
      List<String> before = told(lookUp(stream, 1));
      String slow = cluster.lastAsked();
      cluster.freeze(slow);
      for (int i = 1; i <= 4; i++) {
        assertThat(told(lookUp(stream, 1))).isEqualTo(before);
        assertThat(cluster.lastAsked()).isNotEqualTo(slow);
        assertThat(stream.hedged()).isEqualTo(i);
      }
      assertThat(index.hedgesWon()).isEqualTo(4);
      assertThat(index.moves()).isEqualTo(1);
      assertThat(told(lookUp(stream, 1))).isEqualTo(before);
      assertThat(stream.hedged()).isEqualTo(4);
    }
  }

  @Test
  void blocksComeFromTheOtherReplicaWhenOneIsSlow() {
    String base = base();
    try (ClusterSpanIndex index = hedging(1)) {
      assertThat(index.fetch(base, 0, new int[] {3}, DEADLINE)).hasSize(1);
      cluster.freeze(cluster.lastAsked());
      assertThat(index.fetch(base, 0, new int[] {3}, DEADLINE).getFirst().start()).isEqualTo(9);
      assertThat(index.hedges()).isEqualTo(1);
    }
  }

  @Test
  void whereThereIsNoOtherReplicaNothingIsCounted() {
    TestCluster one = new TestCluster("n1");
    Hedging hedging = new Hedging(95, 1);
    for (int i = 0; i < 512; i++) {
      hedging.answered(Hedging.Kind.LOOK_UP, 1, 1);
    }
    Nodes.Node node = new Nodes(one, one::connect).all().getFirst();
    Race race = new Race(hedging, Hedging.Kind.LOOK_UP, 1);
    CountDownLatch wanted = new CountDownLatch(1);
    Race.Outcome<String> outcome =
        race.run(
            new Race.Runner<>(
                node,
                () -> {
                  try {
                    wanted.await();
                  } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                  }
                  return "answer";
                }),
            () -> {
              wanted.countDown();
              return null;
            });
    assertThat(outcome).isEqualTo(new Race.Outcome<>("answer", false, false));
    assertThat(hedging.asked()).isZero();
  }

  @Test
  void withoutAShareNobodyElseIsAsked() {
    String base = base();
    try (ClusterSpanIndex index = hedging(0);
        LookupStream stream = index.lookups(List.of(base))) {
      List<Candidate> unused = lookUp(stream, 1);
      cluster.freeze(cluster.lastAsked());
      assertThatThrownBy(
              () ->
                  stream
                      .ask(0, TestSpans.query(1), 1, 60, 0, SearchRule.DEFAULT)
                      .await(Duration.ofMillis(900)))
          .isInstanceOf(IndexException.class);
      assertThat(index.hedges()).isZero();
    }
  }

  @Test
  void whereNobodyElseServesANodeIsAwaitedToTheDeadline() throws Exception {
    TestCluster one = new TestCluster("n1");
    BruteForceIndex node = one.store("n1");
    String base = sealed(node);
    try (ClusterSpanIndex index =
        new ClusterSpanIndex(
            one, new ClusterSpanIndex.Settings(Duration.ofMillis(50), ROOM, 95, 0), one::connect)) {
      String own = sequence(index, base);
      for (List<String> documents : List.of(List.of(base), List.of(base, own))) {
        try (LookupStream stream = index.lookups(documents)) {
          List<String> before = told(lookUp(stream, 1));
          one.freeze("n1");
          Thread thaws = Thread.ofVirtual().start(() -> thawLater(one));
          assertThat(told(lookUp(stream, 1))).isEqualTo(before);
          thaws.join();
          node.failLookupsWith = "away";
          Thread heals = Thread.ofVirtual().start(() -> healLater(node));
          assertThat(told(lookUp(stream, 2))).isNotEmpty();
          heals.join();
        }
      }
      one.freeze("n1");
      Thread thaws = Thread.ofVirtual().start(() -> thawLater(one));
      assertThat(index.fetch(own, 0, new int[] {0}, DEADLINE)).hasSize(1);
      thaws.join();
    }
  }

  private static void thawLater(TestCluster cluster) {
    pause();
    cluster.thaw("n1");
  }

  private static void healLater(BruteForceIndex node) {
    pause();
    node.failLookupsWith = "";
  }

  /** Some times as long as the patience. */
  private static void pause() {
    try {
      Thread.sleep(300);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void appendingMovesASequenceToo() {
    String base = base();
    try (ClusterSpanIndex index = index(ROOM)) {
      String own = sequence(index, base);
      cluster.store(cluster.holding(own)).failEverythingWith = "away";
      index.append(own, 0, TestSpans.spans(5, 84, 2));
      assertThat(index.fetch(own, 0, new int[] {0, 9}, DEADLINE))
          .extracting(SpanBlock::start)
          .containsExactly(60, 87);
    }
  }

  @Test
  void spansAreTakenToAnotherNodeAndDoNotWaitForOneThatIsAwayOrFrozen() {
    cluster.appendingWaits = Duration.ofSeconds(30);
    for (boolean known : new boolean[] {true, false}) {
      String base = base();
      try (ClusterSpanIndex index = index(ROOM)) {
        String own = sequence(index, base);
        String holding = cluster.holding(own);
        if (known) {
          cluster.away(holding);
        } else {
          cluster.freeze(holding);
        }
        assertTimeoutPreemptively(
            Duration.ofSeconds(20), () -> index.append(own, 0, TestSpans.spans(5, 84, 2)));
        assertThat(index.moves()).isEqualTo(1);
        assertThat(index.fetch(own, 0, new int[] {0, 9}, DEADLINE))
            .extracting(SpanBlock::start)
            .containsExactly(60, 87);
        cluster.thaw(holding);
      }
    }
  }

  @Test
  void whereNobodyElseTakesSpansTheyWaitForTheirNode() throws Exception {
    TestCluster one = new TestCluster("n1");
    String base = sealed(one.store("n1"));
    one.appendingWaits = Duration.ofSeconds(30);
    try (ClusterSpanIndex index =
        new ClusterSpanIndex(
            one, new ClusterSpanIndex.Settings(Duration.ofMillis(50), ROOM, 95, 0), one::connect)) {
      String own = sequence(index, base);
      one.away("n1");
      Thread returns = Thread.ofVirtual().start(() -> thawLater(one));
      index.append(own, 0, TestSpans.spans(5, 84, 2));
      returns.join();
      assertThat(index.moves()).isZero();
      assertThat(index.fetch(own, 0, new int[] {9}, DEADLINE).getFirst().start()).isEqualTo(87);
    }
  }

  @Test
  void aSequenceWithMoreThanIsKeptFailsAsOnOneNode() {
    String base = base();
    try (ClusterSpanIndex index = index(100)) {
      String own = sequence(index, base);
      assertThat(index.replayBytes()).isZero();
      BruteForceIndex node = cluster.store(cluster.holding(own));
      try (LookupStream stream = index.lookups(List.of(base, own))) {
        List<Candidate> unused = lookUp(stream, 1);
        node.failLookupsWith = "away";
        assertThatThrownBy(() -> lookUp(stream, 1))
            .isInstanceOf(IndexException.class)
            .hasMessageContaining("away");
        node.failLookupsWith = "";
        assertThat(lookUp(stream, 1)).isNotEmpty();
      }
    }
  }

  @Test
  void whatOneReplicaDoesNotHaveOrHasDamagedIsAskedOfTheOther() {
    String base = base();
    try (ClusterSpanIndex index = index(ROOM)) {
      cluster.stores().getFirst().deleteAll();
      assertThat(index.get(base).id()).isEqualTo(base);
      assertThat(index.list()).extracting(IndexedDocument::id).containsExactly(base);
      cluster.stores().getLast().damagedSpans.add(3);
      assertThatThrownBy(() -> index.fetch(base, 0, new int[] {3}, DEADLINE))
          .hasMessageContaining("checksum differs");
      assertThatThrownBy(() -> index.get("zzzzzz"))
          .isInstanceOfSatisfying(
              IndexException.class,
              e -> assertThat(e.reason()).isEqualTo(IndexException.Reason.NOT_FOUND));
      cluster.stores().getFirst().failEverythingWith = "away";
      assertThatThrownBy(() -> index.get("zzzzzz"))
          .as("the one that is away may have it")
          .hasMessageContaining("away");
    }
  }

  @Test
  void theSameWorkGoesToTheSameNodeAndToAnotherWhenThatIsAway() {
    try (ClusterSpanIndex index = index(ROOM)) {
      NewDocument work = new NewDocument(LAYOUT, Map.of(), false, "t", "key", null);
      String id = index.create(work).id();
      index.append(id, 0, TestSpans.spans(1, 0, 4));
      index.checkpoint(id, 12, Map.of());
      IndexedDocument again = index.create(work);
      assertThat(again.id()).isEqualTo(id);
      assertThat(again.checkpointTokens()).isEqualTo(12);
      cluster.store(cluster.holding(id)).failEverythingWith = "away";
      assertThatThrownBy(() -> index.append(id, 0, TestSpans.spans(2, 12, 1)))
          .hasMessageContaining("away");
      IndexedDocument anew = index.create(work);
      index.append(anew.id(), 0, TestSpans.spans(1, 0, 4));
      assertThat(index.seal(anew.id(), Seal.of(Map.of()), Map.of()).sealed()).isTrue();
    }
  }

  @Test
  void withoutAnyNodeItSaysSo() {
    TestCluster empty = new TestCluster();
    try (ClusterSpanIndex index =
        new ClusterSpanIndex(
            empty, new ClusterSpanIndex.Settings(DEADLINE, ROOM, 95, 0), empty::connect)) {
      assertThatThrownBy(index::list).hasMessageContaining("no index node");
      assertThatThrownBy(() -> index.get("abcd")).hasMessageContaining("no index node");
      assertThat(index.answers()).isFalse();
    }
  }
}
