package io.ltri.index.cluster;

import io.ltri.index.blob.BlobStores;
import io.ltri.index.store.DocumentStore;
import io.ltri.index.store.DocumentSummary;
import io.ltri.index.store.LifeSettings;
import io.ltri.index.store.NewDocument;
import io.ltri.index.store.Origin;
import io.ltri.index.store.RandomSpans;
import io.ltri.index.store.SealFacts;
import io.ltri.index.store.SealSession;
import io.ltri.index.store.SealedSample;
import io.ltri.index.store.SearchMode;
import io.ltri.index.store.StoreException;
import io.ltri.index.store.Stores;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** A store that shares its documents; the placement is what the test says. */
final class TestNode implements AutoCloseable {

  static final int SHARDS = 8;

  /** A clock that only the test moves; all nodes have the same. */
  static final class Clock {
    volatile long now = 1_700_000_000_000L;
  }

  final DocumentStore store;
  final FaultyBlobs blobs;
  final SharedDocuments shared;
  final List<TestNode> others = new ArrayList<>();

  /** It hears nothing. */
  volatile boolean away;

  TestNode(Path folder, String blobPlace, Clock clock, LifeSettings life, long seed) {
    this(folder, blobPlace, clock, life, seed, 0);
  }

  /**
   * @param splitBytes documents as large as this are split
   */
  TestNode(
      Path folder, String blobPlace, Clock clock, LifeSettings life, long seed, long splitBytes) {
    store = Stores.open(folder, life, () -> clock.now);
    blobs = new FaultyBlobs(BlobStores.open(blobPlace), seed);
    shared = SharedDocuments.of(store, blobs, SHARDS, splitBytes, 1, () -> clock.now);
    shared.tell(
        new Peers() {
          @Override
          public void published(String id, Set<Integer> shards) {
            others.forEach(other -> other.hear(() -> other.shared.loadDocument(id)));
          }

          @Override
          public void deleted(String id, Set<Integer> shards) {
            others.forEach(other -> other.hear(() -> other.shared.dropDocument(id)));
          }
        });
  }

  TestNode(Path folder, Path blobs, Clock clock) {
    this(folder, "folder:" + blobs, clock, LifeSettings.UNLIMITED, 1);
  }

  private void hear(Runnable call) {
    if (away) {
      return;
    }
    try {
      call.run();
    } catch (StoreException e) {
      // As a call that fails: it finds out by itself.
    }
  }

  static void meet(TestNode... nodes) {
    for (TestNode node : nodes) {
      node.others.clear();
      for (TestNode other : nodes) {
        if (other != node) {
          node.others.add(other);
        }
      }
    }
  }

  TestNode serveAll() {
    for (int shard = 0; shard < SHARDS; shard++) {
      shared.load(shard);
    }
    return this;
  }

  List<String> ids() {
    return store.list(false).stream().map(DocumentSummary::id).toList();
  }

  Stream<String> keys() {
    return Stream.of("shards/", "parts/", "deleted/", "replicas/")
        .flatMap(folder -> blobs.list(folder).stream())
        .map(blob -> blob.key());
  }

  /** A small sealed document that continues another. */
  String sealChild(String parent, long seed) {
    return seal(parent, seed, SealFacts.NONE);
  }

  String seal(String parent, long seed, SealFacts facts) {
    return seal(parent, seed, facts, 0);
  }

  String seal(String parent, long seed, SealFacts facts, int replicas) {
    String id =
        store
            .create(
                new NewDocument(
                    SealedSample.LAYOUT,
                    Map.of("title", "small " + seed),
                    false,
                    "",
                    new Origin("", parent),
                    replicas))
            .id();
    store.append(
        id, 0, RandomSpans.news(new RandomSpans(seed, SealedSample.LAYOUT).spans(3, 0, 5, 2)));
    try (SealSession session = store.beginSeal(id)) {
      session.tail("ids", ByteBuffer.wrap(new byte[] {1, 2, 3}));
      return session.finish(Map.of(), SearchMode.SCAN, facts).id();
    }
  }

  @Override
  public void close() {
    store.close();
    blobs.close();
  }
}
