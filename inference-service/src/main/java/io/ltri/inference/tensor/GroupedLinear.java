package io.ltri.inference.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A linear layer whose weights stay as the model's file stores them, for the few rows of decode
 * steps: a step reads each weight once, so the fewer its bytes, the faster it is. Activations and
 * sums are float32.
 *
 * <p>In plain loops that the JIT compiles to vector instructions: outputs side by side in the
 * lanes, so that no sum is ever split. Every sum has one order, the same in the interpreter, in
 * compiled code, on any processor and for any number of rows. What these loops must keep to that
 * the JIT takes them (JDK 25, {@code docs/performance.md}): one store an iteration, and what is
 * read at another index than it is written is of another element type, for it does not look whether
 * two float arrays are one. So codes are ints, and scales halves.
 */
final class GroupedLinear {

  /** Outputs of a block, about: its sums stay in the nearest cache. */
  private static final int BLOCK = 384;

  /** By which the second half of a scale is multiplied, so that it is not too small for a half. */
  private static final float LOW = 0x1p12f;

  private final int inputs;
  private final int outputs;
  private final Block[] blocks;

  /**
   * Consecutive outputs whose weights have one form.
   *
   * @param first output
   * @param words codes, [inputs * bits / 32, outputs]; the first of a word in its lowest bits
   * @param scales by group, [inputs / group, outputs]
   * @param minima likewise; null: all are 0
   */
  private record Block(
      int first,
      int outputs,
      int bits,
      int group,
      int[] words,
      Halves scales,
      @Nullable Halves minima) {}

  /**
   * Numbers as the sum of two halves, so with 22 significant bits; what files store as a half needs
   * no second.
   */
  private record Halves(short[] high, short @Nullable [] low) {

    long bytes() {
      return 2L * high.length + (low == null ? 0 : 2L * low.length);
    }

    static Halves of(float[] values) {
      short[] high = new short[values.length];
      short[] low = new short[values.length];
      boolean exact = true;
      for (int i = 0; i < values.length; i++) {
        high[i] = Float.floatToFloat16(values[i]);
        float rest = values[i] - Float.float16ToFloat(high[i]);
        exact &= rest == 0 || Float.isNaN(rest);
        low[i] = Float.floatToFloat16(rest * LOW);
      }
      return new Halves(high, exact ? null : low);
    }
  }

  /** What layers need to compute, one after the other: grows as they need. */
  static final class Workspace {
    private final Crew crew;
    private final Scratch[] scratch;

    /** Sums of the inputs of each group, by row. */
    private float[][] groups = {};

    Workspace(Crew crew) {
      this.crew = crew;
      scratch = new Scratch[crew.workers()];
      Arrays.setAll(scratch, i -> new Scratch());
    }

    private void reserve(int rows, int inputs) {
      groups = enough(groups, rows, inputs / 8);
    }
  }

  /** Of one worker. */
  private static final class Scratch {
    float[][] sums = {};
    float[][] results = {};

    void reserve(int rows, int outputs) {
      sums = enough(sums, rows, outputs);
      results = enough(results, rows, outputs);
    }
  }

  private static float[][] enough(float[][] arrays, int count, int length) {
    int has = arrays.length == 0 ? 0 : arrays[0].length;
    return arrays.length >= count && has >= length
        ? arrays
        : new float[Math.max(count, arrays.length)][Math.max(length, has)];
  }

  private GroupedLinear(int inputs, int outputs, Block[] blocks) {
    this.inputs = inputs;
    this.outputs = outputs;
    this.blocks = blocks;
  }

  /**
   * @param parts whose outputs follow one another, with the same inputs; at least one
   * @return null where a scale is too large to be kept here
   */
  static @Nullable GroupedLinear of(List<GroupedWeight> parts) {
    int inputs = parts.getFirst().columns();
    List<Cut> cuts = new ArrayList<>();
    int output = 0;
    for (int from = 0; from < parts.size(); ) {
      int to = from + 1;
      while (to < parts.size() && alike(parts.get(from), parts.get(to))) {
        to++;
      }
      GroupedWeight joined = join(parts.subList(from, to));
      if (tooLarge(joined.scales()) || tooLarge(joined.minima())) {
        return null;
      }
      int count =
          joined.rows() < BLOCK / 2 ? 1 : 2 * Math.max(1, (joined.rows() + BLOCK) / (2 * BLOCK));
      for (int i = 0; i < count; i++) {
        int first = (int) ((long) joined.rows() * i / count);
        int end = (int) ((long) joined.rows() * (i + 1) / count);
        cuts.add(new Cut(joined, first, end, output + first));
      }
      output += joined.rows();
      from = to;
    }
    Block[] blocks = cuts.parallelStream().map(GroupedLinear::pack).toArray(Block[]::new);
    return new GroupedLinear(inputs, output, blocks);
  }

  private record Cut(GroupedWeight weight, int first, int end, int output) {}

  private static boolean alike(GroupedWeight one, GroupedWeight other) {
    return one.bits() == other.bits() && one.group() == other.group();
  }

  private static boolean tooLarge(float[] values) {
    for (float value : values) {
      if (Math.abs(value) > 65_504) {
        return true;
      }
    }
    return false;
  }

  private static GroupedWeight join(List<GroupedWeight> parts) {
    GroupedWeight first = parts.getFirst();
    if (parts.size() == 1) {
      return first;
    }
    int rows = parts.stream().mapToInt(GroupedWeight::rows).sum();
    byte[] codes = new byte[Math.multiplyExact(rows, first.columns())];
    float[] scales = new float[codes.length / first.group()];
    float[] minima = new float[scales.length];
    int at = 0;
    int group = 0;
    for (GroupedWeight part : parts) {
      System.arraycopy(part.codes(), 0, codes, at, part.codes().length);
      System.arraycopy(part.scales(), 0, scales, group, part.scales().length);
      System.arraycopy(part.minima(), 0, minima, group, part.minima().length);
      at += part.codes().length;
      group += part.scales().length;
    }
    return new GroupedWeight(
        rows, first.columns(), first.bits(), first.group(), codes, scales, minima);
  }

  private static Block pack(Cut cut) {
    GroupedWeight weight = cut.weight();
    int count = cut.end() - cut.first();
    int inAWord = 32 / weight.bits();
    int mask = (1 << weight.bits()) - 1;
    int[] words = new int[weight.columns() / inAWord * count];
    int groups = weight.columns() / weight.group();
    float[] scales = new float[groups * count];
    float[] minima = new float[groups * count];
    for (int o = 0; o < count; o++) {
      int row = cut.first() + o;
      int from = row * weight.columns();
      for (int w = 0; w < weight.columns() / inAWord; w++) {
        int word = 0;
        for (int i = 0; i < inAWord; i++) {
          word |= (weight.codes()[from + w * inAWord + i] & mask) << (i * weight.bits());
        }
        words[w * count + o] = word;
      }
      for (int g = 0; g < groups; g++) {
        scales[g * count + o] = weight.scales()[row * groups + g];
        minima[g * count + o] = weight.minima()[row * groups + g];
      }
    }
    boolean anyMinimum = IntStream.range(0, minima.length).anyMatch(i -> minima[i] != 0);
    return new Block(
        cut.output(),
        count,
        weight.bits(),
        weight.group(),
        words,
        Halves.of(scales),
        anyMinimum ? Halves.of(minima) : null);
  }

  int outputs() {
    return outputs;
  }

  /** Of codes, scales and minima. */
  long bytes() {
    long bytes = 0;
    for (Block block : blocks) {
      Halves minima = block.minima();
      bytes +=
          4L * block.words().length
              + block.scales().bytes()
              + (minima == null ? 0 : minima.bytes());
    }
    return bytes;
  }

  /**
   * Applies the layer to some rows, each by itself.
   *
   * @param x inputs of each row
   * @param y outputs of each row, overwritten
   */
  void apply(float[][] x, float[][] y, int rows, Workspace space) {
    space.reserve(rows, inputs);
    for (int from = 0; from < blocks.length; ) {
      int first = from;
      int group = blocks[first].group();
      int to = first + 1;
      while (to < blocks.length && blocks[to].group() == group) {
        to++;
      }
      for (int row = 0; row < rows; row++) {
        sum(x[row], space.groups[row], group, inputs);
      }
      space.crew.run(
          to - first,
          (unit, worker) ->
              apply(blocks[first + unit], x, y, rows, space.groups, space.scratch[worker]));
      from = to;
    }
  }

  private static void sum(float[] x, float[] groups, int group, int inputs) {
    for (int g = 0; g < inputs / group; g++) {
      float sum = 0;
      for (int i = g * group; i < (g + 1) * group; i++) {
        sum += x[i];
      }
      groups[g] = sum;
    }
  }

  private void apply(
      Block block, float[][] x, float[][] y, int rows, float[][] groups, Scratch scratch) {
    int n = block.outputs();
    int inAWord = 32 / block.bits();
    scratch.reserve(rows, n);
    float[][] sums = scratch.sums;
    for (int row = 0; row < rows; row++) {
      Arrays.fill(sums[row], 0, n, 0);
      Arrays.fill(scratch.results[row], 0, n, 0);
    }
    for (int g = 0; g < inputs / block.group(); g++) {
      for (int i = g * block.group(); i < (g + 1) * block.group(); i += inAWord) {
        int at = i / inAWord * n;
        for (int row = 0; row < rows; row += 2) {
          if (row + 1 == rows) {
            one(block, at, x[row], i, sums[row], n);
          } else {
            two(block, at, x[row], x[row + 1], i, sums[row], sums[row + 1], n);
          }
        }
      }
      for (int row = 0; row < rows; row++) {
        scale(block.scales(), g * n, sums[row], scratch.results[row], n);
        Halves minima = block.minima();
        if (minima != null) {
          add(minima, g * n, groups[row][g], scratch.results[row], n);
        }
        Arrays.fill(sums[row], 0, n, 0);
      }
    }
    for (int row = 0; row < rows; row++) {
      System.arraycopy(scratch.results[row], 0, y[row], block.first(), n);
    }
  }

  /** Adds the products of the codes of one word of every output. */
  private static void one(Block block, int at, float[] x, int i, float[] sums, int n) {
    if (block.bits() == 4) {
      four(block.words(), at, x, i, sums, n);
    } else {
      eight(block.words(), at, x, i, sums, n);
    }
  }

  /** The same for two rows, for which a code is taken out once. */
  private static void two(
      Block block, int at, float[] x, float[] z, int i, float[] sums, float[] others, int n) {
    if (block.bits() == 4) {
      fours(block.words(), at, x, z, i, sums, others, n);
    } else {
      eights(block.words(), at, x, z, i, sums, others, n);
    }
  }

  // A code is taken out of its word by a mask alone: it comes as 16 to the power of its place too
  // large, which the input makes up for, without rounding.

  private static void four(int[] words, int at, float[] x, int i, float[] sums, int n) {
    float x0 = x[i];
    float x1 = x[i + 1] * 0x1p-4f;
    float x2 = x[i + 2] * 0x1p-8f;
    float x3 = x[i + 3] * 0x1p-12f;
    float x4 = x[i + 4] * 0x1p-16f;
    float x5 = x[i + 5] * 0x1p-20f;
    float x6 = x[i + 6] * 0x1p-24f;
    float x7 = x[i + 7];
    for (int j = 0; j < n; j++) {
      int w = words[at + j];
      float sum = sums[j];
      sum = Math.fma(x0, (float) (w & 0xF), sum);
      sum = Math.fma(x1, (float) (w & 0xF0), sum);
      sum = Math.fma(x2, (float) (w & 0xF00), sum);
      sum = Math.fma(x3, (float) (w & 0xF000), sum);
      sum = Math.fma(x4, (float) (w & 0xF_0000), sum);
      sum = Math.fma(x5, (float) (w & 0xF0_0000), sum);
      sum = Math.fma(x6, (float) (w & 0xF00_0000), sum);
      sum = Math.fma(x7, (float) (w >>> 28), sum);
      sums[j] = sum;
    }
  }

  private static void fours(
      int[] words, int at, float[] x, float[] z, int i, float[] sums, float[] others, int n) {
    float x0 = x[i];
    float x1 = x[i + 1] * 0x1p-4f;
    float x2 = x[i + 2] * 0x1p-8f;
    float x3 = x[i + 3] * 0x1p-12f;
    float x4 = x[i + 4] * 0x1p-16f;
    float x5 = x[i + 5] * 0x1p-20f;
    float x6 = x[i + 6] * 0x1p-24f;
    float x7 = x[i + 7];
    float z0 = z[i];
    float z1 = z[i + 1] * 0x1p-4f;
    float z2 = z[i + 2] * 0x1p-8f;
    float z3 = z[i + 3] * 0x1p-12f;
    float z4 = z[i + 4] * 0x1p-16f;
    float z5 = z[i + 5] * 0x1p-20f;
    float z6 = z[i + 6] * 0x1p-24f;
    float z7 = z[i + 7];
    for (int j = 0; j < n; j++) {
      int w = words[at + j];
      float sum = sums[j];
      float other = others[j];
      float code = (float) (w & 0xF);
      sum = Math.fma(x0, code, sum);
      other = Math.fma(z0, code, other);
      code = (float) (w & 0xF0);
      sum = Math.fma(x1, code, sum);
      other = Math.fma(z1, code, other);
      code = (float) (w & 0xF00);
      sum = Math.fma(x2, code, sum);
      other = Math.fma(z2, code, other);
      code = (float) (w & 0xF000);
      sum = Math.fma(x3, code, sum);
      other = Math.fma(z3, code, other);
      code = (float) (w & 0xF_0000);
      sum = Math.fma(x4, code, sum);
      other = Math.fma(z4, code, other);
      code = (float) (w & 0xF0_0000);
      sum = Math.fma(x5, code, sum);
      other = Math.fma(z5, code, other);
      code = (float) (w & 0xF00_0000);
      sum = Math.fma(x6, code, sum);
      other = Math.fma(z6, code, other);
      code = (float) (w >>> 28);
      sum = Math.fma(x7, code, sum);
      other = Math.fma(z7, code, other);
      sums[j] = sum;
      others[j] = other;
    }
  }

  // Signed codes of 8 bits are shifted to the top of the word.

  private static void eight(int[] words, int at, float[] x, int i, float[] sums, int n) {
    float x0 = x[i] * 0x1p-24f;
    float x1 = x[i + 1] * 0x1p-24f;
    float x2 = x[i + 2] * 0x1p-24f;
    float x3 = x[i + 3] * 0x1p-24f;
    for (int j = 0; j < n; j++) {
      int w = words[at + j];
      float sum = sums[j];
      sum = Math.fma(x0, (float) (w << 24), sum);
      sum = Math.fma(x1, (float) ((w << 16) & 0xFF00_0000), sum);
      sum = Math.fma(x2, (float) ((w << 8) & 0xFF00_0000), sum);
      sum = Math.fma(x3, (float) (w & 0xFF00_0000), sum);
      sums[j] = sum;
    }
  }

  private static void eights(
      int[] words, int at, float[] x, float[] z, int i, float[] sums, float[] others, int n) {
    float x0 = x[i] * 0x1p-24f;
    float x1 = x[i + 1] * 0x1p-24f;
    float x2 = x[i + 2] * 0x1p-24f;
    float x3 = x[i + 3] * 0x1p-24f;
    float z0 = z[i] * 0x1p-24f;
    float z1 = z[i + 1] * 0x1p-24f;
    float z2 = z[i + 2] * 0x1p-24f;
    float z3 = z[i + 3] * 0x1p-24f;
    for (int j = 0; j < n; j++) {
      int w = words[at + j];
      float sum = sums[j];
      float other = others[j];
      float code = (float) (w << 24);
      sum = Math.fma(x0, code, sum);
      other = Math.fma(z0, code, other);
      code = (float) ((w << 16) & 0xFF00_0000);
      sum = Math.fma(x1, code, sum);
      other = Math.fma(z1, code, other);
      code = (float) ((w << 8) & 0xFF00_0000);
      sum = Math.fma(x2, code, sum);
      other = Math.fma(z2, code, other);
      code = (float) (w & 0xFF00_0000);
      sum = Math.fma(x3, code, sum);
      other = Math.fma(z3, code, other);
      sums[j] = sum;
      others[j] = other;
    }
  }

  private static void scale(Halves scales, int at, float[] sums, float[] results, int n) {
    scale(scales.high(), at, 1, sums, results, n);
    if (scales.low() != null) {
      scale(scales.low(), at, 1 / LOW, sums, results, n);
    }
  }

  private static void scale(
      short[] scales, int at, float factor, float[] sums, float[] results, int n) {
    for (int j = 0; j < n; j++) {
      results[j] = Math.fma(Float.float16ToFloat(scales[at + j]) * factor, sums[j], results[j]);
    }
  }

  private static void add(Halves minima, int at, float sum, float[] results, int n) {
    add(minima.high(), at, sum, results, n);
    if (minima.low() != null) {
      add(minima.low(), at, sum / LOW, results, n);
    }
  }

  private static void add(short[] minima, int at, float sum, float[] results, int n) {
    for (int j = 0; j < n; j++) {
      results[j] = Math.fma(Float.float16ToFloat(minima[at + j]), sum, results[j]);
    }
  }
}
