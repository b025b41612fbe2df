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
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Nodes in memory, each of which serves every shard. */
final class TestCluster implements Placement {

  private final Map<String, BruteForceIndex> stores = new LinkedHashMap<>();
  private final List<IndexNode> places = new ArrayList<>();
  private final Set<String> frozen = ConcurrentHashMap.newKeySet();

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

  void thaw(String name) {
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
  public List<IndexNode> nodes() {
    return places;
  }

  @Override
  public List<IndexNode> serving(int shard) {
    return places;
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
      awaitThaw(Duration.ofMillis(500));
      store.append(documentId, layer, spans);
    }

    @Override
    public void checkpoint(String documentId, long tokens, Map<String, MemorySegment> tail) {
      store.checkpoint(documentId, tokens, tail);
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
      return new LookupStream() {
        @Override
        public Asked ask(
            int layer,
            MemorySegment queries,
            int count,
            int candidateTokens,
            int returnTokens,
            SearchRule rule) {
          return deadline -> {
            awaitThaw(deadline);
            List<Candidate> found =
                real.ask(layer, queries, count, candidateTokens, returnTokens, rule)
                    .await(deadline);
            return found;
          };
        }

        @Override
        public void close() {
          real.close();
        }
      };
    }

    @Override
    public List<SpanBlock> fetch(String documentId, int layer, int[] spans, Duration deadline) {
      awaitThaw(deadline);
      return store.fetch(documentId, layer, spans, deadline);
    }

    @Override
    public IndexedDocument get(String documentId) {
      return store.get(documentId);
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
      return true;
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
