package io.ltri.inference.tensor;

/**
 * The one part of the layer program that differs between devices and precisions: how a weight is
 * kept, and how it multiplies. The packed forms are internal operators of the PyTorch release that
 * this project pins, so the plain form stays, and a test ties all of them to the reference.
 *
 * <p>Measured on one AVX-512 machine at one token: MKL's float32 kernel reaches a third of the
 * memory bandwidth on AMD processors, packed oneDNN weights nearly all of it.
 */
enum LinearOperator {
  PLAIN_FP32(Dtype.FLOAT32, "torch.clone(t)", "torch.linear(x, w, b)", ""),
  PLAIN_BF16(Dtype.BFLOAT16, "t.to(15).clone()", "torch.linear(x.to(15), w, b)", ""),
  PACKED_FP32(
      Dtype.FLOAT32,
      "ops.mkldnn._reorder_linear_weight(t, 1)",
      "ops.mkldnn._linear_pointwise(x, w, b, \"none\", annotate(List[Optional[number]], []), \"\")",
      ""),
  PACKED_BF16(
      Dtype.BFLOAT16,
      "ops.mkldnn._reorder_linear_weight(t.to(15), 1)",
      "ops.mkldnn._linear_pointwise(x.to(15), w, b, \"none\", annotate(List[Optional[number]], []), \"\")",
      "");

  /** Numbers of the element types in program text. */
  static final class Dtype {
    static final int FLOAT32 = 6;
    static final int BFLOAT16 = 15;

    private Dtype() {}
  }

  /** Of the embedding table and of biases. */
  final int dtype;

  /** Expression in t, a float32 weight [out, in]. */
  final String pack;

  /** Expression in x [n, in], the packed weight w, its scales s and the bias b or None. */
  final String apply;

  /** Expression in t for the scales of a quantised weight; empty if there are none. */
  final String scales;

  LinearOperator(int dtype, String pack, String apply, String scales) {
    this.dtype = dtype;
    this.pack = pack;
    this.apply = apply;
    this.scales = scales;
  }

  static LinearOperator of(DecoderSettings settings, CpuFeatures cpu) {
    if (!settings.device().equals("cpu")) {
      return settings.precision() == Precision.FP32 ? PLAIN_FP32 : PLAIN_BF16;
    }
    return switch (settings.precision()) {
      case FP32 -> cpu.has("avx2") ? PACKED_FP32 : PLAIN_FP32;
      case BF16 -> cpu.has("avx512bw") && cpu.has("avx512vl") ? PACKED_BF16 : PLAIN_BF16;
      case INT8 -> throw new IllegalArgumentException("INT8 is not there yet");
    };
  }
}
