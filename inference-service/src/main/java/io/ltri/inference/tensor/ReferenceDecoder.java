package io.ltri.inference.tensor;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;

/**
 * The decoder to read: one formula per line, float32 on the CPU, all tokens at once, full
 * attention, every weight under its own name, nothing kept between calls. {@link Decoder} must
 * agree with it; where speed counts, use that. One thread at a time.
 */
public final class ReferenceDecoder implements AutoCloseable {

  private final DecoderShape shape;
  private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
  private final WeightSource source;
  private final Map<String, NDArray> weights = new HashMap<>();

  public ReferenceDecoder(DecoderShape shape, WeightSource weights) {
    this.shape = shape;
    this.source = weights;
  }

  /**
   * @return float32 [tokens.length, vocabulary], row-major
   */
  public float[] logits(int[] tokens) {
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      int n = tokens.length;
      NDArray hidden = weight("model.embed_tokens.weight").get(manager.create(tokens));
      NDArray cos = rotation(n, true);
      NDArray sin = rotation(n, false);
      for (int layer = 0; layer < shape.layers(); layer++) {
        String prefix = "model.layers." + layer + ".";
        NDArray x = norm(hidden, prefix + "input_layernorm.weight");
        hidden = hidden.add(attention(x, prefix + "self_attn.", cos, sin));
        x = norm(hidden, prefix + "post_attention_layernorm.weight");
        hidden = hidden.add(mlp(x, prefix + "mlp."));
      }
      NDArray last = norm(hidden, "model.norm.weight");
      String output = shape.tiedOutput() ? "model.embed_tokens" : "lm_head";
      return linear(last, output, false).toFloatArray();
    }
  }

  private NDArray attention(NDArray x, String prefix, NDArray cos, NDArray sin) {
    NDArray q = heads(linear(x, prefix + "q_proj", shape.attentionBias()), shape.queryHeads());
    NDArray k = heads(linear(x, prefix + "k_proj", shape.attentionBias()), shape.kvHeads());
    NDArray v = heads(linear(x, prefix + "v_proj", shape.attentionBias()), shape.kvHeads());
    if (shape.queryKeyNorm()) {
      q = norm(q, prefix + "q_norm.weight");
      k = norm(k, prefix + "k_norm.weight");
    }
    int group = shape.queryHeads() / shape.kvHeads();
    q = rotate(q, cos, sin);
    k = rotate(k, cos, sin).repeat(0, group);
    v = v.repeat(0, group);
    NDArray scores = q.matMul(k.transpose(0, 2, 1)).div((float) Math.sqrt(shape.headDim()));
    NDArray attended = scores.add(causalMask(x.getShape().get(0))).softmax(-1).matMul(v);
    NDArray rows = attended.transpose(1, 0, 2).reshape(x.getShape().get(0), -1);
    return linear(rows, prefix + "o_proj", shape.outputBias());
  }

  private NDArray mlp(NDArray x, String prefix) {
    NDArray gate = linear(x, prefix + "gate_proj", false);
    NDArray up = linear(x, prefix + "up_proj", false);
    NDArray silu = gate.div(gate.neg().exp().add(1));
    return linear(silu.mul(up), prefix + "down_proj", false);
  }

  private NDArray linear(NDArray x, String name, boolean bias) {
    NDArray y = x.matMul(weight(name + ".weight").transpose());
    return bias ? y.add(weight(name + ".bias")) : y;
  }

  private NDArray norm(NDArray x, String name) {
    NDArray meanSquare = x.square().mean(new int[] {-1}, true);
    return x.div(meanSquare.add(shape.normEpsilon()).sqrt()).mul(weight(name));
  }

  /** [n, heads * headDim] to [heads, n, headDim]. */
  private NDArray heads(NDArray x, int heads) {
    return x.reshape(-1, heads, shape.headDim()).transpose(1, 0, 2);
  }

  private static NDArray rotate(NDArray x, NDArray cos, NDArray sin) {
    NDList halves = x.split(2, 2);
    NDArray first = halves.get(0);
    NDArray second = halves.get(1);
    return first.mul(cos).sub(second.mul(sin)).concat(second.mul(cos).add(first.mul(sin)), 2);
  }

  /**
   * @return [positions, headDim / 2]
   */
  private NDArray rotation(int positions, boolean cosine) {
    int half = shape.headDim() / 2;
    float[] values = new float[positions * half];
    for (int i = 0; i < values.length; i++) {
      double angle = (i / half) * shape.inverseFrequencies()[i % half];
      values[i] = (float) (cosine ? Math.cos(angle) : Math.sin(angle));
    }
    return manager.create(values, new Shape(positions, half));
  }

  private NDArray causalMask(long n) {
    float[] values = new float[(int) (n * n)];
    for (int i = 0; i < values.length; i++) {
      values[i] = i % n > i / n ? Float.NEGATIVE_INFINITY : 0;
    }
    return manager.create(values, new Shape(n, n));
  }

  private NDArray weight(String name) {
    return weights.computeIfAbsent(name, this::read);
  }

  private NDArray read(String name) {
    Shape dimensions = new Shape(source.shape(name));
    try (Arena staging = Arena.ofShared()) {
      MemorySegment memory = staging.allocate(4 * dimensions.size(), 64);
      source.read(name, memory);
      NDArray tensor = manager.create(memory.toArray(ValueLayout.JAVA_FLOAT), dimensions);
      NDScope.unregister(tensor);
      return tensor;
    }
  }

  @Override
  public void close() {
    manager.close();
  }
}
