package io.ltri.inference.retrieval.cluster;

import io.ltri.inference.retrieval.Candidate;
import io.ltri.inference.retrieval.IndexClient;
import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.LookupStream;
import io.ltri.inference.retrieval.SearchRule;
import io.ltri.placement.IndexNode;
import io.ltri.placement.Placement;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Look-ups in a second with 1, 2 and 4 nodes: the real routing before nodes that answer so many
 * look-ups at a time and take so long for each. Arguments: sequences at once, look-ups that a node
 * works on at once, milliseconds of each, seconds of a run, and 1 if the last node is to take five
 * times as long.
 */
public final class ThroughputSimulation {

  private static final MemorySegment QUERY = MemorySegment.ofArray(new byte[64]);
  private static final int SHARDS = 64;
  private static final String LETTERS = "abcdefghijkmnpqrstuvwxyz23456789";

  /** A node that is busy for a while with each look-up. */
  private static final class Node {
    final Semaphore places;
    final Duration service;
    final AtomicLong answered = new AtomicLong();

    Node(int places, Duration service) {
      this.places = new Semaphore(places, true);
      this.service = service;
    }

    List<Candidate> answer() {
      try {
        places.acquire();
        try {
          Thread.sleep(service);
        } finally {
          places.release();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IndexException(IndexException.Reason.UNAVAILABLE, "interrupted", e);
      }
      answered.incrementAndGet();
      return List.of();
    }

    LookupStream lookups() {
      return new LookupStream() {
        @Override
        public Asked ask(
            int layer,
            MemorySegment queries,
            int count,
            int candidateTokens,
            int returnTokens,
            SearchRule rule) {
          return deadline -> answer();
        }

        @Override
        public void close() {}
      };
    }

    IndexClient client() {
      return (IndexClient)
          Proxy.newProxyInstance(
              ThroughputSimulation.class.getClassLoader(),
              new Class<?>[] {IndexClient.class},
              (proxy, method, arguments) ->
                  switch (method.getName()) {
                    case "lookups" -> lookups();
                    case "isAsked" -> true;
                    case "close" -> null;
                    case "get" ->
                        throw new IndexException(IndexException.Reason.NOT_FOUND, "not asked for");
                    default -> throw new UnsupportedOperationException(method.getName());
                  });
    }
  }

  /** Shards around the nodes in turn, two replicas each where there are two nodes. */
  private record Ring(List<IndexNode> nodes) implements Placement {

    @Override
    public int shards() {
      return SHARDS;
    }

    @Override
    public List<IndexNode> serving(int shard) {
      int first = shard % nodes.size();
      return nodes.size() == 1
          ? nodes
          : List.of(nodes.get(first), nodes.get((first + 1) % nodes.size()));
    }

    @Override
    public int missingReplicas() {
      return 0;
    }

    @Override
    public void onChange(Runnable listener) {}

    @Override
    public void close() {}
  }

  private ThroughputSimulation() {}

  public static void main(String[] arguments) throws InterruptedException {
    int[] numbers = Arrays.stream(arguments).mapToInt(Integer::parseInt).toArray();
    run(2, 8, 2, 10, 12, false);
    System.out.println("before that: the machine warms up");
    System.out.println(
        "nodes  look-ups/s  limit  share of it  p50 ms  p99 ms  asked twice  by node");
    for (int nodes : new int[] {1, 2, 4}) {
      run(nodes, numbers[0], numbers[1], numbers[2], numbers[3], numbers[4] == 1);
    }
    System.exit(0);
  }

  private static void run(
      int count, int sequences, int places, int millis, int seconds, boolean oneSlow)
      throws InterruptedException {
    List<Node> nodes = new ArrayList<>();
    List<IndexNode> named = new ArrayList<>();
    double limit = 0;
    for (int i = 0; i < count; i++) {
      int service = oneSlow && i > 0 && i == count - 1 ? 5 * millis : millis;
      nodes.add(new Node(places, Duration.ofMillis(service)));
      named.add(new IndexNode("n" + i, "127.0.0.1", 7700 + i, ""));
      limit += 1000.0 * places / service;
    }
    limit = Math.min(limit, 1000.0 * sequences / millis);
    ConcurrentLinkedQueue<Long> times = new ConcurrentLinkedQueue<>();
    Random random = new Random(1);
    long start = System.nanoTime();
    long end = start + Duration.ofSeconds(seconds).toNanos();
    long hedges;
    try (ClusterSpanIndex index =
        new ClusterSpanIndex(
            new Ring(named),
            new ClusterSpanIndex.Settings(Duration.ofSeconds(60), 0, 95, 0.05),
            place -> nodes.get(place.port() - 7700).client())) {
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int s = 0; s < sequences; s++) {
          long seed = random.nextLong();
          var unused = threads.submit(() -> ask(index, new Random(seed), end, times));
        }
      }
      hedges = index.hedges();
    }
    double elapsed = (System.nanoTime() - start) / 1e9;
    long[] sorted = times.stream().mapToLong(Long::longValue).sorted().toArray();
    double rate = sorted.length / elapsed;
    System.out.println(
        String.format(
            Locale.ROOT,
            "%5d  %10.0f  %5.0f  %11.2f  %6.0f  %6.0f  %10.1f%%  %s",
            count,
            rate,
            limit,
            rate / limit,
            sorted[sorted.length / 2] / 1e6,
            sorted[sorted.length * 99 / 100] / 1e6,
            100.0 * hedges / sorted.length,
            nodes.stream().map(node -> node.answered.toString()).toList()));
  }

  /** One answer after another, each over some document, of 200 look-ups each. */
  private static void ask(
      ClusterSpanIndex index, Random random, long end, ConcurrentLinkedQueue<Long> times) {
    while (System.nanoTime() < end) {
      StringBuilder id = new StringBuilder();
      for (int i = 0; i < 16; i++) {
        id.append(LETTERS.charAt(random.nextInt(LETTERS.length())));
      }
      try (LookupStream stream = index.lookups(List.of(id.toString()))) {
        for (int i = 0; i < 200 && System.nanoTime() < end; i++) {
          long asked = System.nanoTime();
          List<Candidate> unused =
              stream.ask(0, QUERY, 1, 1, 0, SearchRule.DEFAULT).await(Duration.ofSeconds(60));
          times.add(System.nanoTime() - asked);
        }
      }
    }
  }
}
