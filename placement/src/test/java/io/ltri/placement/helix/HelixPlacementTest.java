package io.ltri.placement.helix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.ltri.placement.IndexNode;
import io.ltri.placement.Placement;
import io.ltri.placement.PlacementException;
import io.ltri.placement.ShardHost;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("slow")
class HelixPlacementTest {

  private static final int SHARDS = 12;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path folder;

  private EmbeddedZooKeeper zookeeper;
  private HelixSettings settings;
  private final List<AutoCloseable> open = new ArrayList<>();

  /** Keeps what it was given; a shard whose loading fails was told to. */
  private static final class Host implements ShardHost {
    final Set<Integer> shards = ConcurrentHashMap.newKeySet();
    final AtomicInteger failures = new AtomicInteger();
    volatile long loadMillis;
    volatile long dropMillis;

    @Override
    public void load(int shard) throws IOException, InterruptedException {
      Thread.sleep(loadMillis);
      if (failures.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
        throw new IOException("planted");
      }
      shards.add(shard);
    }

    @Override
    public void drop(int shard) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(dropMillis));
      shards.remove(shard);
    }
  }

  @BeforeEach
  void start() throws Exception {
    zookeeper = EmbeddedZooKeeper.start(folder, 0);
    settings =
        new HelixSettings(zookeeper.connectString(), "test", SHARDS, 2, Duration.ofSeconds(2));
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable each : open.reversed()) {
      each.close();
    }
    zookeeper.close();
  }

  private HelixMembership join(String name, String zone, ShardHost host) throws Exception {
    HelixMembership member =
        HelixMembership.join(settings, new IndexNode(name, "127.0.0.1", 7700, zone), host);
    open.add(member);
    return member;
  }

  private static void awaitReplicas(Placement placement, int replicas) {
    awaitReplicas(placement, 0, replicas);
  }

  private static void awaitReplicas(Placement placement, int first, int replicas) {
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              for (int shard = first; shard < first + SHARDS; shard++) {
                assertThat(placement.serving(shard)).as("shard %d", shard).hasSize(replicas);
              }
            });
  }

  @Test
  void aShardIsGivenUpInOneStep() {
    assertThat(
            HelixCluster.shardStates()
                .getNextStateForTransition(HelixCluster.ONLINE, HelixCluster.DROPPED))
        .isEqualTo(HelixCluster.DROPPED);
  }

  @Test
  void everyShardIsServedByTwoOfThreeNodesAndByTheOthersWhenOneLeaves() throws Exception {
    Host[] hosts = {new Host(), new Host(), new Host()};
    List<HelixMembership> members = new ArrayList<>();
    for (int i = 0; i < hosts.length; i++) {
      members.add(join("n" + i, "", hosts[i]));
    }
    HelixPlacement watcher = HelixPlacement.watch(settings, "watcher");
    open.add(watcher);
    AtomicInteger changes = new AtomicInteger();
    watcher.onChange(changes::incrementAndGet);
    assertThat(watcher.shards()).isEqualTo(SHARDS);
    awaitReplicas(watcher, 2);
    assertThat(watcher.nodes()).extracting(IndexNode::name).containsExactly("n0", "n1", "n2");
    for (int shard = 0; shard < SHARDS; shard++) {
      for (IndexNode node : watcher.serving(shard)) {
        assertThat(hosts[node.name().charAt(1) - '0'].shards).contains(shard);
      }
    }
    assertThat(members.getFirst().drain(PATIENCE)).isTrue();
    assertThat(hosts[0].shards).isEmpty();
    awaitReplicas(watcher, 2);
    members.getFirst().close();
    open.remove(members.getFirst());
    await().atMost(PATIENCE).until(() -> watcher.nodes().size() == 2);
    assertThat(changes.get()).isPositive();
    assertThat(hosts[1].shards).hasSize(SHARDS);
    assertThat(hosts[2].shards).hasSize(SHARDS);
  }

  @Test
  void aNodeIsDrainedWhenOthersHaveLoadedAllThatItServed() throws Exception {
    Host[] hosts = {new Host(), new Host(), new Host()};
    List<HelixMembership> members = new ArrayList<>();
    for (int i = 0; i < hosts.length; i++) {
      members.add(join("n" + i, "", hosts[i]));
    }
    awaitReplicas(members.getFirst().placement(), 2);
    hosts[1].loadMillis = 2000;
    hosts[2].loadMillis = 2000;
    assertThat(members.getFirst().drain(PATIENCE)).isTrue();
    assertThat(hosts[1].shards).hasSize(SHARDS);
    assertThat(hosts[2].shards).hasSize(SHARDS);
  }

  @Test
  void aNodeIsDrainedWhileOthersStillServeWhatItHasTakenFromThem() throws Exception {
    Host[] hosts = {new Host(), new Host(), new Host(), new Host()};
    for (int i = 0; i < 3; i++) {
      join("n" + i, "", hosts[i]);
      hosts[i].dropMillis = 500;
    }
    HelixPlacement watcher = HelixPlacement.watch(settings, "watcher");
    open.add(watcher);
    awaitReplicas(watcher, 2);
    HelixMembership added = join("n3", "", hosts[3]);
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                IntStream.range(0, SHARDS)
                    .anyMatch(shard -> added.placement().serving(shard).size() == 3));
    boolean drained = added.drain(Duration.ofSeconds(30));
    for (Host host : hosts) {
      host.dropMillis = 0;
    }
    assertThat(drained).isTrue();
  }

  @Test
  void aNodeWhoseZooKeeperHasGoneEndsAllTheSame() throws Exception {
    HelixMembership one = join("n0", "", new Host());
    HelixMembership two = join("n1", "", new Host());
    awaitReplicas(one.placement(), 2);
    zookeeper.close();
    long start = System.nanoTime();
    assertThat(one.drain(Duration.ofSeconds(3))).isFalse();
    one.close();
    two.close();
    open.clear();
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(PATIENCE);
  }

  @Test
  void aNodeIsNotRoutedToBeforeItsShardIsLoaded() throws Exception {
    Host host = new Host();
    host.failures.set(SHARDS);
    HelixMembership member = join("only", "", host);
    awaitReplicas(member.placement(), 1);
    assertThat(host.failures.get()).isZero();
    assertThat(host.shards).hasSize(SHARDS);
  }

  @Test
  void replicasAreSpreadOverZones() throws Exception {
    for (String name : List.of("a0", "a1", "b0", "b1")) {
      join(name, name.substring(0, 1), new Host());
    }
    HelixPlacement watcher = HelixPlacement.watch(settings, "watcher");
    open.add(watcher);
    awaitReplicas(watcher, 2);
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              for (int shard = 0; shard < SHARDS; shard++) {
                assertThat(watcher.serving(shard))
                    .extracting(IndexNode::zone)
                    .containsExactlyInAnyOrder("a", "b");
              }
            });
  }

  @Test
  void aNodeComesBackAtAnotherAddressAndNobodyElseUnderItsName() throws Exception {
    join("other", "", new Host());
    HelixMembership first = join("moving", "", new Host());
    HelixPlacement watcher = HelixPlacement.watch(settings, "watcher");
    open.add(watcher);
    awaitReplicas(watcher, 2);
    IndexNode elsewhere = new IndexNode("moving", "127.0.0.1", 7701, "");
    assertThatThrownBy(() -> HelixMembership.join(settings, elsewhere, new Host()))
        .isInstanceOf(PlacementException.class)
        .hasMessageContaining("127.0.0.1:7700")
        .hasMessageContaining("another name");
    awaitReplicas(watcher, 2);
    assertThat(watcher.nodes()).extracting(IndexNode::port).containsOnly(7700);
    first.close();
    open.remove(first);
    open.add(HelixMembership.join(settings, elsewhere, new Host()));
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              assertThat(watcher.nodes()).contains(elsewhere);
              assertThat(watcher.serving(0)).contains(elsewhere);
            });
  }

  @Test
  void aNodeJoinsWhenItListensAndShardsComeWhenItIsReady() throws Exception {
    Host host = new Host();
    IndexNode node = new IndexNode("n", "127.0.0.1", 7700, "");
    CompletableFuture<IndexNode> listening = new CompletableFuture<>();
    CompletableFuture<String> ready = new CompletableFuture<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(1)) {
      Future<HelixMembership> joining =
          threads.submit(() -> HelixMembership.join(settings, listening, host, ready));
      HelixPlacement watcher = HelixPlacement.watch(settings, "watcher");
      open.add(watcher);
      assertThat(listening.complete(node)).isTrue();
      Thread.sleep(2000);
      assertThat(host.shards).isEmpty();
      assertThat(watcher.nodes()).isEmpty();
      assertThat(ready.complete("warm")).isTrue();
      open.add(joining.get());
      awaitReplicas(watcher, 1);
    }
  }

  @Test
  void aNodeThatDoesNotComeToListenOrServeDoesNotJoin() throws Exception {
    IndexNode node = new IndexNode("n", "127.0.0.1", 7700, "");
    IllegalStateException planted = new IllegalStateException("planted");
    for (boolean listens : new boolean[] {true, false}) {
      assertThatThrownBy(
              () ->
                  HelixMembership.join(
                      settings,
                      listens
                          ? CompletableFuture.completedFuture(node)
                          : CompletableFuture.failedFuture(planted),
                      new Host(),
                      CompletableFuture.failedFuture(planted)))
          .isInstanceOf(PlacementException.class)
          .hasMessageContaining("planted");
    }
    Host host = new Host();
    awaitReplicas(join("n", "", host).placement(), 1);
    assertThat(host.shards).hasSize(SHARDS);
  }

  @Test
  void shardsOfAFactorAreServedByAsManyNodesAndMissedWhenOneIsGone() throws Exception {
    Host[] hosts = {new Host(), new Host(), new Host()};
    List<HelixMembership> members = new ArrayList<>();
    for (int i = 0; i < hosts.length; i++) {
      members.add(join("n" + i, "", hosts[i]));
    }
    HelixPlacement watcher = HelixPlacement.watch(settings, "watcher");
    open.add(watcher);
    assertThat(members.getFirst().placement().mostReplicas()).isEqualTo(3);
    members.get(0).replicate(3);
    members.get(1).replicate(3);
    members.get(2).replicate(1);
    awaitReplicas(watcher, 2);
    awaitReplicas(watcher, 3 * SHARDS, 3);
    awaitReplicas(watcher, SHARDS, 1);
    await().atMost(PATIENCE).until(() -> watcher.missingReplicas() == 0);
    for (Host host : hosts) {
      assertThat(host.shards).containsAll(IntStream.range(3 * SHARDS, 4 * SHARDS).boxed().toList());
    }
    // Two are left: of each of the shards of three replicas, one is missing.
    assertThat(members.getFirst().drain(PATIENCE)).isTrue();
    members.getFirst().close();
    open.remove(members.getFirst());
    await().atMost(PATIENCE).until(() -> watcher.nodes().size() == 2);
    awaitReplicas(watcher, 2);
    awaitReplicas(watcher, 3 * SHARDS, 2);
    awaitReplicas(watcher, SHARDS, 1);
    assertThat(watcher.missingReplicas()).isEqualTo(SHARDS);
    HelixMembership back = join("n0", "", hosts[0]);
    awaitReplicas(watcher, 3 * SHARDS, 3);
    await().atMost(PATIENCE).until(() -> back.placement().missingReplicas() == 0);
  }

  @Test
  void nodesThatStartTogetherMakeOneCluster() throws Exception {
    int nodes = 4;
    for (int round = 0; round < 10; round++) {
      HelixSettings anew =
          new HelixSettings(
              zookeeper.connectString(), "together-" + round, SHARDS, 2, Duration.ofSeconds(2));
      CountDownLatch start = new CountDownLatch(1);
      try (ExecutorService starting = Executors.newFixedThreadPool(nodes)) {
        List<Future<HelixCluster.Size>> made = new ArrayList<>();
        for (int i = 0; i < nodes; i++) {
          made.add(
              starting.submit(
                  () -> {
                    try (HelixCluster cluster = new HelixCluster(anew)) {
                      start.await();
                      cluster.ensure();
                      return cluster.awaitSize(PATIENCE);
                    }
                  }));
        }
        start.countDown();
        for (Future<HelixCluster.Size> each : made) {
          assertThat(each.get()).isEqualTo(new HelixCluster.Size(SHARDS, 2));
        }
      }
    }
  }

  @Test
  void aMissingZooKeeperIsNamed() {
    HelixSettings nowhere =
        new HelixSettings("127.0.0.1:1", "test", SHARDS, 2, Duration.ofSeconds(2));
    assertThatThrownBy(() -> HelixPlacement.watch(nowhere, "watcher"))
        .isInstanceOf(PlacementException.class)
        .hasMessageContaining("127.0.0.1:1");
  }
}
