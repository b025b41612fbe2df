package io.ltri.inference.tensor;

import org.jspecify.annotations.Nullable;

/**
 * The decoder in double precision and loops, all tokens at once; full attention, or a rule of the
 * caller's.
 */
public final class BruteForceDecoder {

  /** Who attends to what, and how much. */
  public interface Rule {
    /**
     * @param queries [queryHeads][tokens][headDim], unrotated
     * @param keys [kvHeads][tokens][headDim], unrotated
     * @return [queryHeads][tokens][tokens]: probability that a token's query gives another token
     */
    double[][][] probabilities(int layer, double[][][] queries, double[][][] keys);
  }

  /**
   * @param logits [tokens][vocabulary]
   * @param probabilities [layers][tokens][tokens], mean over query heads
   * @param keys [layers][kvHeads][tokens][headDim], unrotated, rounded if asked
   * @param queries [layers][queryHeads][tokens][headDim], unrotated
   */
  public record Result(
      double[][] logits,
      double[][][] probabilities,
      double[][][][] keys,
      double[][][][] values,
      double[][][][] queries) {}

  private final RandomModel model;
  private final DecoderShape shape;
  private final Rule rule;

  BruteForceDecoder(RandomModel model) {
    this.model = model;
    this.shape = model.shape();
    this.rule = this::full;
  }

  public BruteForceDecoder(RandomModel model, Rule rule) {
    this.model = model;
    this.shape = model.shape();
    this.rule = rule;
  }

  public Result run(int[] tokens, StorageType storage) {
    int n = tokens.length;
    int layers = shape.layers();
    double[][] hidden = new double[n][shape.hidden()];
    float[] embedding = model.weight("model.embed_tokens.weight");
    for (int t = 0; t < n; t++) {
      for (int i = 0; i < shape.hidden(); i++) {
        hidden[t][i] = embedding[tokens[t] * shape.hidden() + i];
      }
    }
    Result result =
        new Result(
            new double[n][],
            new double[layers][n][n],
            new double[layers][][][],
            new double[layers][][][],
            new double[layers][][][]);
    for (int layer = 0; layer < layers; layer++) {
      layer(layer, hidden, storage, result);
    }
    String output = shape.tiedOutput() ? "model.embed_tokens.weight" : "lm_head.weight";
    for (int t = 0; t < n; t++) {
      result.logits[t] = linear(norm(hidden[t], model.weight("model.norm.weight")), output, null);
    }
    return result;
  }

  private void layer(int layer, double[][] hidden, StorageType storage, Result result) {
    int n = hidden.length;
    String prefix = "model.layers." + layer + ".";
    String attention = prefix + "self_attn.";
    double[][][] q = new double[shape.queryHeads()][n][];
    double[][][] k = new double[shape.kvHeads()][n][];
    double[][][] v = new double[shape.kvHeads()][n][];
    for (int t = 0; t < n; t++) {
      double[] x = norm(hidden[t], model.weight(prefix + "input_layernorm.weight"));
      split(q, t, linear(x, attention + "q_proj.weight", bias(attention + "q_proj.bias")));
      split(k, t, linear(x, attention + "k_proj.weight", bias(attention + "k_proj.bias")));
      split(v, t, linear(x, attention + "v_proj.weight", bias(attention + "v_proj.bias")));
      if (shape.queryKeyNorm()) {
        for (double[][] head : q) {
          head[t] = norm(head[t], model.weight(attention + "q_norm.weight"));
        }
        for (double[][] head : k) {
          head[t] = norm(head[t], model.weight(attention + "k_norm.weight"));
        }
      }
    }
    if (storage == StorageType.BF16) {
      round(k);
      round(v);
    }
    result.queries[layer] = q;
    result.keys[layer] = k;
    result.values[layer] = v;
    int group = shape.queryHeads() / shape.kvHeads();
    double[][][] probabilities = rule.probabilities(layer, q, k);
    for (int t = 0; t < n; t++) {
      double[] attended = new double[shape.queryHeads() * shape.headDim()];
      for (int head = 0; head < shape.queryHeads(); head++) {
        double[] row = probabilities[head][t];
        for (int j = 0; j < n; j++) {
          result.probabilities[layer][t][j] += row[j] / shape.queryHeads();
          for (int i = 0; i < shape.headDim(); i++) {
            attended[head * shape.headDim() + i] += row[j] * v[head / group][j][i];
          }
        }
      }
      add(
          hidden[t],
          linear(attended, attention + "o_proj.weight", bias(attention + "o_proj.bias")));
      double[] x = norm(hidden[t], model.weight(prefix + "post_attention_layernorm.weight"));
      double[] gate = linear(x, prefix + "mlp.gate_proj.weight", null);
      double[] up = linear(x, prefix + "mlp.up_proj.weight", null);
      for (int i = 0; i < gate.length; i++) {
        up[i] *= gate[i] / (1 + Math.exp(-gate[i]));
      }
      add(hidden[t], linear(up, prefix + "mlp.down_proj.weight", null));
    }
  }

  private double[][][] full(int layer, double[][][] queries, double[][][] keys) {
    int n = queries[0].length;
    int group = shape.queryHeads() / shape.kvHeads();
    double[][][] rows = new double[shape.queryHeads()][n][n];
    for (int head = 0; head < rows.length; head++) {
      for (int t = 0; t < n; t++) {
        for (int j = 0; j < n; j++) {
          rows[head][t][j] =
              j > t
                  ? Double.NEGATIVE_INFINITY
                  : score(shape, queries[head][t], t, keys[head / group][j], j);
        }
        softmax(rows[head][t]);
      }
    }
    return rows;
  }

  /** Scaled dot product of a query and a key, rotated to positions. */
  public static double score(
      DecoderShape shape, double[] query, int queryPosition, double[] key, int keyPosition) {
    double[] rotatedQuery = rotate(shape, query, queryPosition);
    double[] rotatedKey = rotate(shape, key, keyPosition);
    double sum = 0;
    for (int i = 0; i < query.length; i++) {
      sum += rotatedQuery[i] * rotatedKey[i];
    }
    return sum / Math.sqrt(query.length);
  }

  /** Scores to probabilities, in place; minus infinity is not attended to. */
  public static void softmax(double[] row) {
    double max = Double.NEGATIVE_INFINITY;
    for (double score : row) {
      max = Math.max(max, score);
    }
    double sum = 0;
    for (int j = 0; j < row.length; j++) {
      row[j] = Math.exp(row[j] - max);
      sum += row[j];
    }
    for (int j = 0; j < row.length; j++) {
      row[j] /= sum;
    }
  }

  double[] rotate(double[] vector, int position) {
    return rotate(shape, vector, position);
  }

  public static double[] rotate(DecoderShape shape, double[] vector, int position) {
    int half = vector.length / 2;
    double[] rotated = new double[vector.length];
    for (int i = 0; i < half; i++) {
      double angle = position * shape.inverseFrequencies()[i];
      rotated[i] = vector[i] * Math.cos(angle) - vector[i + half] * Math.sin(angle);
      rotated[i + half] = vector[i + half] * Math.cos(angle) + vector[i] * Math.sin(angle);
    }
    return rotated;
  }

  private void split(double[][][] heads, int t, double[] row) {
    for (int head = 0; head < heads.length; head++) {
      heads[head][t] = new double[shape.headDim()];
      System.arraycopy(row, head * shape.headDim(), heads[head][t], 0, shape.headDim());
    }
  }

  private static void round(double[][][] heads) {
    for (double[][] head : heads) {
      for (double[] row : head) {
        for (int i = 0; i < row.length; i++) {
          row[i] = toBfloat16((float) row[i]);
        }
      }
    }
  }

  /** Nearest, ties to even. */
  static float toBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    int rounded = bits + 0x7fff + ((bits >>> 16) & 1);
    return Float.intBitsToFloat(rounded & 0xffff0000);
  }

  private float @Nullable [] bias(String name) {
    return model.has(name) ? model.weight(name) : null;
  }

  private double[] norm(double[] x, float[] weight) {
    double squares = 0;
    for (double value : x) {
      squares += value * value;
    }
    double scale = 1 / Math.sqrt(squares / x.length + shape.normEpsilon());
    double[] result = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      result[i] = x[i] * scale * weight[i];
    }
    return result;
  }

  private double[] linear(double[] x, String name, float @Nullable [] bias) {
    float[] weight = model.weight(name);
    double[] result = new double[weight.length / x.length];
    for (int row = 0; row < result.length; row++) {
      double sum = bias == null ? 0 : bias[row];
      for (int i = 0; i < x.length; i++) {
        sum += (double) weight[row * x.length + i] * x[i];
      }
      result[row] = sum;
    }
    return result;
  }

  private static void add(double[] target, double[] delta) {
    for (int i = 0; i < target.length; i++) {
      target[i] += delta[i];
    }
  }
}
