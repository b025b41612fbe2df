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
    return best(CpuFeatures.ofThisMachine());
  }

  /**
   * Intel's processors multiply bfloat16 vectors on one of the two ports that multiply float32, so
   * that nothing is won over float32 unless they have tiles (AMX); AMD's have twice the rate.
   */
  static Precision best(CpuFeatures cpu) {
    boolean twiceTheRate = cpu.has("avx512_bf16") && !cpu.vendor().equals("GenuineIntel");
    return cpu.has("amx_bf16") || twiceTheRate ? BF16 : FP32;
  }
}
