package io.ltri.inference.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDManager;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Random;

/**
 * In how many rows decode steps go through the linear layers, so that a sequence's result does not
 * depend on its company. A matrix kernel may add up in another order when it gets another number of
 * rows: then every decode step is padded to one number. Whether it does is found out with the
 * decoder's own weights when it is loaded: by comparing bits, never by a timing, so that a machine
 * decides in the same way at every start.
 *
 * @param fixed rows of every decode step, padded; 0: as many as there are sequences
 * @param most sequences in one pass
 */
record DecodeRows(int fixed, int most) {

  /** Sequences in one pass, at most: the weights are read once for so many. */
  static final int MOST = 8;

  /** No two sequences in one pass. */
  static final DecodeRows ALONE = new DecodeRows(0, 1);

  static DecodeRows of(Decoder decoder) {
    try (PtNDManager manager = (PtNDManager) decoder.deviceManager().newSubManager()) {
      Trial trial = new Trial(decoder, manager);
      if (trial.sameInAnyNumber()) {
        return new DecodeRows(0, MOST);
      }
      return trial.sameAtAnyPlace() ? new DecodeRows(MOST, MOST) : ALONE;
    }
  }

  /** Random rows through the linear layers of one decoder layer and the output projection. */
  private static final class Trial {
    private final Decoder decoder;
    private final PtNDManager manager;
    private final float[][] hidden = new float[MOST][];
    private final float[][] heads = new float[MOST][];

    Trial(Decoder decoder, PtNDManager manager) {
      this.decoder = decoder;
      this.manager = manager;
      DecoderShape shape = decoder.shape();
      Random random = new Random(1);
      for (int row = 0; row < MOST; row++) {
        hidden[row] = gaussians(random, shape.hidden());
        heads[row] = gaussians(random, shape.queryHeads() * shape.headDim());
      }
      decoder.useThreads();
    }

    private static float[] gaussians(Random random, int count) {
      float[] values = new float[count];
      for (int i = 0; i < count; i++) {
        values[i] = (float) random.nextGaussian();
      }
      return values;
    }

    boolean sameInAnyNumber() {
      float[][] alone = new float[MOST][];
      for (int row = 0; row < MOST; row++) {
        alone[row] = run(row)[0];
      }
      for (int rows = MOST; rows > 1; rows--) {
        if (!Arrays.deepEquals(run(range(rows, 0)), Arrays.copyOf(alone, rows))) {
          return false;
        }
      }
      return true;
    }

    /** Is a row the same wherever it stands among so many others? */
    boolean sameAtAnyPlace() {
      float[][] first = run(range(MOST, 0));
      for (int turn = 1; turn < MOST; turn++) {
        int[] turned = range(MOST, turn);
        float[][] results = run(turned);
        for (int i = 0; i < MOST; i++) {
          if (!Arrays.equals(results[i], first[turned[i]])) {
            return false;
          }
        }
      }
      return true;
    }

    private static int[] range(int rows, int turn) {
      int[] range = new int[rows];
      Arrays.setAll(range, i -> (i + turn) % rows);
      return range;
    }

    /** All results of the chosen rows, one after the other. */
    private float[][] run(int... rows) {
      DecoderShape shape = decoder.shape();
      ScriptModule program = decoder.program();
      try (NDManager scope = manager.newSubManager()) {
        NDArray h = stack(scope, hidden, rows, new Shape(rows.length, shape.hidden()));
        NDArray o =
            stack(scope, heads, rows, new Shape(rows.length, shape.queryHeads(), shape.headDim()));
        NDArray logits = scope.create(new Shape(rows.length, shape.vocabulary()), DataType.FLOAT32);
        NDArray projected = program.compute((PtNDManager) scope, "projectRows", new long[] {0}, h);
        program.run("feedRows", new long[] {0}, h, o);
        program.run("logits", new long[] {rows.length}, h, logits);
        float[][] results = new float[rows.length][];
        float[] all = projected.toType(DataType.FLOAT32, false).toFloatArray();
        float[] after = h.toFloatArray();
        float[] last = logits.toFloatArray();
        for (int i = 0; i < rows.length; i++) {
          results[i] = new float[(all.length + after.length + last.length) / rows.length];
          FloatBuffer.wrap(results[i])
              .put(all, i * (all.length / rows.length), all.length / rows.length)
              .put(after, i * (after.length / rows.length), after.length / rows.length)
              .put(last, i * (last.length / rows.length), last.length / rows.length);
        }
        return results;
      }
    }

    private static NDArray stack(NDManager scope, float[][] from, int[] rows, Shape shape) {
      FloatBuffer all = FloatBuffer.allocate((int) shape.size());
      for (int row : rows) {
        all.put(from[row]);
      }
      return scope.create(all.array()).reshape(shape);
    }
  }
}
