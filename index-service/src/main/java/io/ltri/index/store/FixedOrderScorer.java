package io.ltri.index.store;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.apache.lucene.codecs.hnsw.FlatVectorsScorer;
import org.apache.lucene.codecs.lucene95.HasIndexSlice;
import org.apache.lucene.index.KnnVectorValues;
import org.apache.lucene.index.VectorSimilarityFunction;
import org.apache.lucene.store.MemorySegmentAccessInput;
import org.apache.lucene.util.VectorUtil;
import org.apache.lucene.util.hnsw.RandomVectorScorer;
import org.apache.lucene.util.hnsw.RandomVectorScorerSupplier;
import org.apache.lucene.util.hnsw.UpdateableRandomVectorScorer;

/**
 * Inner products that are the same to the last bit on every CPU and whatever Java has compiled.
 * Lucene's own add the lanes of a vector register up in an order that is left to the compiler, so
 * that a graph, and what is found along it, would depend on how long the process has run.
 *
 * <p>Stateless; what it hands out belongs to one thread each.
 */
final class FixedOrderScorer implements FlatVectorsScorer {

  static final FixedOrderScorer INSTANCE = new FixedOrderScorer();

  /** Not the widest of the CPU: the order of adding would be another. */
  private static final VectorSpecies<Float> LANES = FloatVector.SPECIES_256;

  private FixedOrderScorer() {}

  /**
   * The memory in which the vectors lie.
   *
   * @throws IllegalStateException when Lucene does not tell
   */
  static MemorySegment memory(KnnVectorValues values) throws IOException {
    MemorySegment segment =
        values instanceof HasIndexSlice slice
                && slice.getSlice() instanceof MemorySegmentAccessInput input
            ? input.segmentSliceOrNull(0, (long) values.size() * values.getVectorByteLength())
            : null;
    if (segment == null) {
      throw new IllegalStateException(
          "Lucene does not hand out the memory of its vectors; start Java with MMapDirectory on memory segments");
    }
    return segment;
  }

  @Override
  public RandomVectorScorerSupplier getRandomVectorScorerSupplier(
      VectorSimilarityFunction similarity, KnnVectorValues values) throws IOException {
    return new Suppliers(values, memory(values));
  }

  @Override
  public RandomVectorScorer getRandomVectorScorer(
      VectorSimilarityFunction similarity, KnnVectorValues values, float[] query)
      throws IOException {
    Scorer scorer = new Scorer(values, memory(values));
    scorer.query = MemorySegment.ofArray(query);
    return scorer;
  }

  @Override
  public RandomVectorScorer getRandomVectorScorer(
      VectorSimilarityFunction similarity, KnnVectorValues values, byte[] query) {
    throw new UnsupportedOperationException("vectors are of float32");
  }

  private record Suppliers(KnnVectorValues values, MemorySegment vectors)
      implements RandomVectorScorerSupplier {

    @Override
    public UpdateableRandomVectorScorer scorer() {
      return new Scorer(values, vectors);
    }

    @Override
    public RandomVectorScorerSupplier copy() {
      return this;
    }
  }

  private static final class Scorer
      extends UpdateableRandomVectorScorer.AbstractUpdateableRandomVectorScorer {

    private final MemorySegment vectors;
    private final int dim;
    private final float[] lanes = new float[LANES.length()];
    private MemorySegment query;

    Scorer(KnnVectorValues values, MemorySegment vectors) {
      super(values);
      this.vectors = vectors;
      this.dim = values.dimension();
      this.query = vectors.asSlice(0, vectors.byteSize() == 0 ? 0 : vectorBytes());
    }

    @Override
    public void setScoringOrdinal(int node) {
      query = vectors.asSlice(node * vectorBytes(), vectorBytes());
    }

    @Override
    public float score(int node) {
      return VectorUtil.scaleMaxInnerProductScore(innerProduct(node * vectorBytes()));
    }

    private long vectorBytes() {
      return (long) dim * Float.BYTES;
    }

    private float innerProduct(long offset) {
      FloatVector even = FloatVector.zero(LANES);
      FloatVector odd = FloatVector.zero(LANES);
      int step = LANES.length();
      int i = 0;
      for (; i + 2 * step <= dim; i += 2 * step) {
        even = at(query, 0, i).fma(at(vectors, offset, i), even);
        odd = at(query, 0, i + step).fma(at(vectors, offset, i + step), odd);
      }
      even.add(odd).intoArray(lanes, 0);
      float sum =
          ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6]))
              + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
      for (; i < dim; i++) {
        long at = (long) i * Float.BYTES;
        sum = Math.fma(query.get(Bytes.FLOAT, at), vectors.get(Bytes.FLOAT, offset + at), sum);
      }
      return sum;
    }

    private static FloatVector at(MemorySegment numbers, long offset, int i) {
      return FloatVector.fromMemorySegment(
          LANES, numbers, offset + (long) i * Float.BYTES, ByteOrder.LITTLE_ENDIAN);
    }
  }
}
