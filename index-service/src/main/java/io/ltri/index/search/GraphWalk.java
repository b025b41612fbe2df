package io.ltri.index.search;

import io.ltri.index.store.DocumentLayout;
import io.ltri.index.store.LayerView;
import io.ltri.index.store.LayerView.VectorGraph;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the spans that stage one scores: all of a scanned document; of a document with search
 * graphs, those that a walk finds for any head.
 *
 * <p>A walk per query would cost more than a scan when there are many, so beyond a few queries each
 * head walks with their mean and with the last ones. What is found is scored exactly afterwards,
 * for all heads and all queries.
 */
final class GraphWalk {

  /**
   * With more queries than this, a head walks with their mean and with the last ones, as many in
   * all.
   */
  private static final int MOST_WALKS = 4;

  /**
   * A graph is asked for this many times the vectors wanted, and at least for {@link #LEAST_ASKED}.
   */
  private static final int OVER_FETCH = 4;

  private static final int LEAST_ASKED = 32;

  private GraphWalk() {}

  static Slots slots(List<LayerView> layers, DocumentLayout layout, LookUp lookUp) {
    List<@Nullable BitSet> chosen = new ArrayList<>();
    for (LayerView layer : layers) {
      chosen.add(layer.graph(0) == null ? null : walk(layer, layout, lookUp));
    }
    return new Slots(layers, chosen);
  }

  /** The spans found for any head. */
  private static BitSet walk(LayerView layer, DocumentLayout layout, LookUp lookUp) {
    int ask = vectorsToAskFor(layer, lookUp);
    BitSet found = new BitSet(layer.spanCount());
    for (int head = 0; head < layout.queryHeads(); head++) {
      VectorGraph graph = layer.graph(head / layout.group());
      if (graph == null) {
        continue;
      }
      for (float[] query : walks(layout, lookUp, head)) {
        for (int vector : graph.nearest(query, ask)) {
          found.set(spanOf(layer, vector));
        }
      }
    }
    return found;
  }

  /** As many spans as hold the candidate tokens, if they are of mean length, with room to spare. */
  private static int vectorsToAskFor(LayerView layer, LookUp lookUp) {
    int last = layer.spanCount() - 1;
    long covered = Math.max(1, layer.end(last) - layer.start(0));
    long spans = Math.ceilDiv((long) lookUp.candidateTokens() * layer.spanCount(), covered);
    return (int) Math.min(layer.vectorCount(), Math.max(LEAST_ASKED, OVER_FETCH * spans));
  }

  private static float[][] walks(DocumentLayout layout, LookUp lookUp, int head) {
    int n = lookUp.queryCount();
    int dim = layout.headDim();
    int first = head * n * dim;
    float[][] walks = new float[Math.min(n, MOST_WALKS)][];
    for (int i = 0; i < walks.length; i++) {
      int query = n - walks.length + i;
      walks[i] =
          Arrays.copyOfRange(lookUp.queries(), first + query * dim, first + (query + 1) * dim);
    }
    if (n > MOST_WALKS) {
      float[] mean = new float[dim];
      for (int query = 0; query < n; query++) {
        for (int d = 0; d < dim; d++) {
          mean[d] += lookUp.queries()[first + query * dim + d] / n;
        }
      }
      walks[0] = mean;
    }
    return walks;
  }

  /** The last span whose first vector is not behind this one. */
  private static int spanOf(LayerView layer, int vector) {
    int low = 0;
    int high = layer.spanCount() - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (layer.firstVector(middle) <= vector) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }
}
