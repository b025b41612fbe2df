package io.ltri.inference.retrieval.cluster;

import io.ltri.inference.retrieval.BruteForceIndex;
import io.ltri.inference.retrieval.Candidate;
import io.ltri.inference.retrieval.IndexAdministration;
import io.ltri.inference.retrieval.IndexClient;
import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.IndexedDocument;
import io.ltri.inference.retrieval.LookupStream;
import io.ltri.inference.retrieval.NewDocument;
import io.ltri.inference.retrieval.OffloadedSpan;
import io.ltri.inference.retrieval.Seal;
import io.ltri.inference.retrieval.SearchRule;
import io.ltri.inference.retrieval.SpanBlock;
import io.ltri.placement.IndexNode;
import io.ltri.placement.Placement;
import io.ltri.placement.Shards;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Nodes in memory, each of which serves every shard. */
final class TestCluster implements Placement {

  private final Map<String, BruteForceIndex> stores = new LinkedHashMap<>();
  private final List<IndexNode> places = new ArrayList<>();
  private final Set<String> frozen = ConcurrentHashMap.newKeySet();
  private final Set<String> away = ConcurrentHashMap.newKeySet();
  private volatile String lastAsked = "";

  /** So long appending waits for a frozen node. */
  volatile Duration appendingWaits = Duration.ofMillis(500);

  /** Look-up streams that were opened. */
  final AtomicInteger streams = new AtomicInteger();

  /** Of a document that is split: the layer that each node has. */
  private final Map<String, Map<String, Integer>> split = new ConcurrentHashMap<>();

  private final Map<Integer, List<String>> serving = new ConcurrentHashMap<>();

  TestCluster(String... names) {
    for (String name : names) {
      stores.put(name, new BruteForceIndex());
      places.add(new IndexNode(name, "127.0.0.1", 1, ""));
    }
  }

  List<BruteForceIndex> stores() {
    return List.copyOf(stores.values());
  }

  BruteForceIndex store(String name) {
    return Objects.requireNonNull(stores.get(name));
  }

  /** The node that has this document; of several the first. */
  String holding(String id) {
    for (Map.Entry<String, BruteForceIndex> each : stores.entrySet()) {
      try {
        IndexedDocument unused = each.getValue().get(id);
        return each.getKey();
      } catch (IndexException e) {
        // Another has it.
      }
    }
    throw new IllegalStateException("no node has " + id);
  }

  /** It takes everything in and answers nothing. */
  void freeze(String name) {
    frozen.add(name);
  }

  /** It is known not to answer, and spans wait there until it is back. */
  void away(String name) {
    away.add(name);
    freeze(name);
  }

  /**
   * A document of two layers, of which each node has one.
   *
   * @param first nodes with the first layer; the others have the second
   */
  void split(String id, List<String> first) {
    Map<String, Integer> layers = new ConcurrentHashMap<>();
    stores.keySet().forEach(name -> layers.put(name, first.contains(name) ? 0 : 1));
    split.put(id, layers);
    int shard = Shards.of(id, shards());
    serving.put(shard, first);
    serving.put(
        (shard + 1) % shards(), stores.keySet().stream().filter(n -> !first.contains(n)).toList());
  }

  /** Only these serve a shard. */
  void serve(int shard, List<String> names) {
    serving.put(shard, names);
  }

  /** The node that answered a look-up or fetch last. */
  String lastAsked() {
    return lastAsked;
  }

  /** It answers again. */
  void thaw(String name) {
    away.remove(name);
    frozen.remove(name);
  }

  IndexClient connect(IndexNode node) {
    return new Client(node.name(), store(node.name()));
  }

  @Override
  public int shards() {
    return 4;
  }

  @Override
  public int missingReplicas() {
    return 0;
  }

  @Override
  public List<IndexNode> nodes() {
    return places;
  }

  @Override
  public List<IndexNode> serving(int shard) {
    List<String> names = serving.get(shard);
    return names == null
        ? places
        : places.stream().filter(place -> names.contains(place.name())).toList();
  }

  @Override
  public void onChange(Runnable listener) {}

  @Override
  public void close() {}

  private final class Client implements IndexClient {

    private final String name;
    private final BruteForceIndex store;

    Client(String name, BruteForceIndex store) {
      this.name = name;
      this.store = store;
    }

    private void requireHere(String id, int layer) {
      Map<String, Integer> layers = split.get(id);
      if (layers != null && Objects.requireNonNull(layers.get(name)) != layer) {
        throw new IndexException(
            IndexException.Reason.NOT_FOUND, "layer %d is not on %s".formatted(layer, name));
      }
    }

    private void awaitThaw(Duration deadline) {
      long end = System.nanoTime() + deadline.toNanos();
      while (frozen.contains(name) && System.nanoTime() < end) {
        try {
          Thread.sleep(5);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
      if (!frozen.contains(name)) {
        return;
      }
      throw new IndexException(IndexException.Reason.TOO_LATE, name + " is frozen");
    }

    @Override
    public IndexedDocument create(NewDocument document) {
      awaitThaw(Duration.ofMillis(500));
      return store.create(document);
    }

    @Override
    public void append(String documentId, int layer, List<OffloadedSpan> spans) {
      awaitThaw(appendingWaits);
      store.append(documentId, layer, spans);
    }

    @Override
    public void checkpoint(
        String documentId, long tokens, Set<Long> kept, Map<String, MemorySegment> tail) {
      store.checkpoint(documentId, tokens, kept, tail);
    }

    @Override
    public IndexedDocument seal(String documentId, Seal seal, Map<String, MemorySegment> tail) {
      return store.seal(documentId, seal, tail);
    }

    @Override
    public Map<String, MemorySegment> readTail(String documentId, List<String> sections) {
      return store.readTail(documentId, sections);
    }

    @Override
    public LookupStream lookups(List<String> documentIds) {
      LookupStream real = store.lookups(documentIds);
      streams.incrementAndGet();
      return new LookupStream() {
        private volatile boolean ended;

        @Override
        public Asked ask(
            int layer,
            MemorySegment queries,
            int count,
            int candidateTokens,
            int returnTokens,
            SearchRule rule) {
          return deadline -> {
            if (ended) {
              throw new IndexException(IndexException.Reason.ENDED, "planted: it has ended");
            }
            awaitThaw(deadline);
            documentIds.forEach(id -> requireHere(id, layer));
            List<Candidate> found =
                real.ask(layer, queries, count, candidateTokens, returnTokens, rule)
                    .await(deadline);
            lastAsked = name;
            return found;
          };
        }

        @Override
        public void close() {
          ended = true;
          real.close();
        }
      };
    }

    @Override
    public List<SpanBlock> fetch(String documentId, int layer, int[] spans, Duration deadline) {
      awaitThaw(deadline);
      requireHere(documentId, layer);
      lastAsked = name;
      return store.fetch(documentId, layer, spans, deadline);
    }

    @Override
    public IndexedDocument get(String documentId) {
      IndexedDocument known = store.get(documentId);
      if (!split.containsKey(documentId)) {
        return known;
      }
      return new IndexedDocument(
          known.id(),
          known.sealed(),
          known.layout(),
          known.attributes(),
          known.ancestors(),
          known.tenant(),
          known.createdAtMillis(),
          known.spans(),
          known.sizeBytes(),
          known.searchMode(),
          known.checkpointTokens(),
          known.boundaries(),
          known.life(),
          List.of(0, 1),
          known.replicas());
    }

    @Override
    public List<IndexedDocument> list() {
      return store.list();
    }

    @Override
    public long delete(String documentId) {
      return store.delete(documentId);
    }

    @Override
    public boolean isAsked() {
      return !away.contains(name);
    }

    @Override
    public boolean answers() {
      return store.failEverythingWith.isEmpty();
    }

    @Override
    public IndexAdministration administration() {
      throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
  }
}
