package io.ltri.inference.tensor;

/**
 * Number format of the linear layers. Norms, rotations, the residual stream, softmax and what an
 * arena holds are float32 in all of them.
 */
public enum Precision {
  FP32,
  BF16,
  /** Weights in IEEE half precision, activations and sums in float32; on the CPU. */
  FP16,
  /** Weights in 8 bits per output row, activations in 8 bits per token. */
  INT8;

  /** Bytes of a weight of a linear layer. */
  int weightBytes() {
    return switch (this) {
      case FP32 -> 4;
      case BF16, FP16 -> 2;
      case INT8 -> 1;
    };
  }

  /**
   * The precision for this CPU, from what it says it can do and never from a timing: the same
   * machine must give the same digits at every start.
   */
  public static Precision best() {
    CpuFeatures cpu = CpuFeatures.ofThisMachine();
    return cpu.has("avx512_bf16") || cpu.has("amx_bf16") ? BF16 : FP32;
  }
}
