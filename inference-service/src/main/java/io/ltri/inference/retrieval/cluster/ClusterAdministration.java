package io.ltri.inference.retrieval.cluster;

import io.grpc.Context;
import io.ltri.inference.retrieval.IndexAdministration;
import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.IndexedDocument;
import io.ltri.inference.retrieval.cluster.Nodes.Node;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;

/** What is done with documents, at a node that serves them or at all nodes. */
final class ClusterAdministration implements IndexAdministration {

  private final Nodes nodes;
  private final Splits splits;

  ClusterAdministration(Nodes nodes, Splits splits) {
    this.nodes = nodes;
    this.splits = splits;
  }

  private <T> T at(String documentId, Function<IndexAdministration, T> call) {
    return Elsewhere.first(
        nodes.serving(documentId),
        "document " + documentId,
        node -> call.apply(node.index().administration()));
  }

  /**
   * Asks all nodes at once.
   *
   * @throws IndexException if none answers; who is away is left out otherwise, for what it has,
   *     others have too
   */
  private <T> List<T> everywhere(Function<Node, T> call) {
    List<Node> all = nodes.all();
    List<T> answers = new ArrayList<>(all.size());
    IndexException failure = null;
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<T>> asked = new ArrayList<>(all.size());
      for (Node node : all) {
        asked.add(threads.submit(Context.current().wrap(() -> call.apply(node))));
      }
      for (Future<T> each : asked) {
        try {
          answers.add(each.get());
        } catch (ExecutionException e) {
          if (!(e.getCause() instanceof IndexException refused)) {
            throw new IllegalStateException(e.getCause());
          }
          failure = Elsewhere.worse(failure, refused);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IndexException(IndexException.Reason.UNAVAILABLE, "interrupted", e);
    }
    if (answers.isEmpty()) {
      throw failure != null
          ? failure
          : new IndexException(
              IndexException.Reason.UNAVAILABLE, "there is no index node in the cluster");
    }
    return answers;
  }

  /** Documents of all nodes, each once, newest first. */
  List<IndexedDocument> union(Function<Node, List<IndexedDocument>> call) {
    Map<String, IndexedDocument> byId = new LinkedHashMap<>();
    for (List<IndexedDocument> some : everywhere(call)) {
      some.forEach(document -> byId.putIfAbsent(document.id(), document));
    }
    return byId.values().stream()
        .sorted(
            Comparator.comparingLong(IndexedDocument::createdAtMillis)
                .reversed()
                .thenComparing(IndexedDocument::id))
        .toList();
  }

  @Override
  public IndexedDocument update(String documentId, Change change) {
    return at(documentId, index -> index.update(documentId, change));
  }

  @Override
  public List<String> verify(String documentId, VerifyListener listener) {
    Set<String> faults = new LinkedHashSet<>();
    for (int part = 0; part < splits.of(documentId).count(); part++) {
      faults.addAll(
          Elsewhere.first(
              nodes.serving(documentId, part),
              "document " + documentId,
              node -> node.index().administration().verify(documentId, listener)));
    }
    return List.copyOf(faults);
  }

  /** At every replica: whichever is asked next is warm. */
  @Override
  public long prewarm(String documentId, boolean blocks) {
    long bytes = 0;
    IndexException failure = null;
    boolean one = false;
    Set<Node> serving = new LinkedHashSet<>();
    for (int part = 0; part < splits.of(documentId).count(); part++) {
      serving.addAll(nodes.serving(documentId, part));
    }
    for (Node node : serving) {
      try {
        bytes = Math.max(bytes, node.index().administration().prewarm(documentId, blocks));
        one = true;
      } catch (IndexException e) {
        failure = Elsewhere.worse(failure, e);
      }
    }
    if (!one) {
      throw failure != null
          ? failure
          : new IndexException(
              IndexException.Reason.UNAVAILABLE,
              "no index node serves document " + documentId + " at present");
    }
    return bytes;
  }

  /** Not tried at another node once bytes may have been written. */
  @Override
  public void export(String documentId, OutputStream to) {
    Node node =
        Elsewhere.first(
            nodes.serving(documentId),
            "document " + documentId,
            tried -> {
              IndexedDocument unused = tried.index().get(documentId);
              return tried;
            });
    node.index().administration().export(documentId, to);
  }

  /** The file can be read once only, so one node is asked. */
  @Override
  public IndexedDocument importFrom(InputStream from, String tenant) {
    List<Node> all = nodes.all();
    if (all.isEmpty()) {
      throw new IndexException(
          IndexException.Reason.UNAVAILABLE, "there is no index node in the cluster");
    }
    return all.getFirst().index().administration().importFrom(from, tenant);
  }

  @Override
  public long deleteReplaced(String documentId) {
    return at(documentId, index -> index.deleteReplaced(documentId));
  }

  @Override
  public Garbage collectGarbage() {
    int expired = 0;
    int builds = 0;
    int orphans = 0;
    long freed = 0;
    for (Garbage some : everywhere(node -> node.index().administration().collectGarbage())) {
      expired += some.expiredDocuments();
      builds += some.abandonedBuilds();
      orphans += some.orphanFiles();
      freed += some.freedBytes();
    }
    return new Garbage(expired, builds, orphans, freed);
  }

  @Override
  public List<Deleted> deleted(int most) {
    Map<String, Deleted> byId = new LinkedHashMap<>();
    for (List<Deleted> some : everywhere(node -> node.index().administration().deleted(most))) {
      some.forEach(
          each ->
              byId.merge(
                  each.id(), each, (a, b) -> a.deletedAtMillis() <= b.deletedAtMillis() ? a : b));
    }
    return byId.values().stream()
        .sorted(Comparator.comparingLong(Deleted::deletedAtMillis).reversed())
        .limit(most == 0 ? Long.MAX_VALUE : most)
        .toList();
  }

  @Override
  public List<IndexedDocument> listAll() {
    return union(node -> node.index().administration().listAll());
  }
}
