package io.ltri.inference.tensor;

/**
 * The one part of the layer program that differs between devices and precisions: how a weight is
 * kept, and how it multiplies. The packed forms are internal operators of the PyTorch release that
 * this project pins, so the plain forms stay, and a test ties all of them to the reference.
 *
 * <p>Measured on one AVX-512 machine with SmolLM2's gate/up weight (576 to 3,072), one thread, CPU
 * time at 1 / 64 / 512 tokens in microseconds: plain float32 171 / 3,534 / 22,320, packed bfloat16
 * 76 / 1,280 / 8,522, INT8_ROWS 101 / 830 / 5,625, INT8_WEIGHTS 106 / 3,485 / 25,446. What did not
 * help: FBGEMM's dynamic quantisation is as fast, but has one activation scale per call, so that a
 * token's result depends on its neighbours; oneDNN with signed activations falls into a reference
 * loop of 36,517 microseconds at one token.
 */
enum LinearOperator {
  PLAIN_FP32(Dtype.FLOAT32, Dtype.FLOAT32, "t.clone()", "return torch.linear(x, w, b)\n"),
  PLAIN_BF16(
      Dtype.BFLOAT16, Dtype.BFLOAT16, "t.to(15).clone()", "return torch.linear(x.to(15), w, b)\n"),
  PACKED_FP32(
      Dtype.FLOAT32,
      Dtype.FLOAT32,
      "ops.mkldnn._reorder_linear_weight(t, 1)",
      """
      return ops.mkldnn._linear_pointwise(x, w, b, "none", annotate(List[Optional[number]], []), "")
      """),
  PACKED_BF16(
      Dtype.BFLOAT16,
      Dtype.BFLOAT16,
      "ops.mkldnn._reorder_linear_weight(t.to(15), 1)",
      """
      return ops.mkldnn._linear_pointwise(x.to(15), w, b, "none", annotate(List[Optional[number]], []), "")
      """),

  /**
   * Weights in 8 bits per output row, activations in 8 bits per token: whole-number products, the
   * scale of a token is multiplied in afterwards, so that a token's result is the same in any
   * company. Needs VNNI: without it the products of unsigned and signed bytes saturate.
   */
  INT8_ROWS(
      Dtype.BFLOAT16,
      Dtype.FLOAT32,
      "ops.onednn.qlinear_prepack(torch.round(torch.div(t, self.rowScales(t).unsqueeze(1))).to(1), None)",
      """
      s = torch.div(torch.clamp_min(torch.amax(torch.abs(x), [1], True), 1e-30), 127.)
      q = torch.round(torch.div(x, s)).add_(128.).to(0)
      y = ops.onednn.qlinear_pointwise(q, 1., 128, w, (self.scales)[i], (self.zeros)[i], None, 1., 0, 6, "none", annotate(List[Optional[number]], []), "")
      y = torch.mul_(y, s)
      if torch.__isnot__(b, None):
        y = torch.add_(y, unchecked_cast(Tensor, b))
      else:
        pass
      return y
      """),

  /**
   * Weights in 16 bits (11 of them significant), activations and sums in float32. With the sizes of
   * the default model FBGEMM adds up in another order for another number of rows.
   */
  FP16_WEIGHTS(
      Dtype.FLOAT32,
      Dtype.FLOAT32,
      LinearOperator.PACKED,
      "ops.quantized.linear_prepack_fp16(t, None)",
      """
      y = ops.quantized.linear_dynamic_fp16(x, w)
      if torch.__isnot__(b, None):
        y = torch.add_(y, unchecked_cast(Tensor, b))
      else:
        pass
      return y
      """),

  /** Weights in 8 bits per output row, activations in bfloat16. */
  INT8_WEIGHTS(
      Dtype.BFLOAT16,
      Dtype.FLOAT32,
      "torch.round(torch.div(t, self.rowScales(t).unsqueeze(1))).to(1)",
      """
      y = torch._weight_int8pack_mm(x.to(15), w, (self.scales)[i].to(15)).to(6)
      if torch.__isnot__(b, None):
        y = torch.add_(y, unchecked_cast(Tensor, b))
      else:
        pass
      return y
      """);

  /** Numbers of the element types in program text. */
  private static final class Dtype {
    static final int FLOAT32 = 6;
    static final int BFLOAT16 = 15;
  }

  /** Type of a weight as FBGEMM packs it. */
  private static final String PACKED = "__torch__.torch.classes.quantized.LinearPackedParamsBase";

  final int embeddingDtype;
  final int biasDtype;

  /** Type of a packed weight in program text. */
  final String weightType;

  /** Expression in t, a float32 weight [out, in]. */
  final String pack;

  /**
   * Statements in x [n, in] of float32, the packed weight w, its index i and the bias b or None.
   */
  final String apply;

  LinearOperator(int embeddingDtype, int biasDtype, String pack, String apply) {
    this(embeddingDtype, biasDtype, "Tensor", pack, apply);
  }

  LinearOperator(int embeddingDtype, int biasDtype, String weightType, String pack, String apply) {
    this.embeddingDtype = embeddingDtype;
    this.biasDtype = biasDtype;
    this.weightType = weightType;
    this.pack = pack;
    this.apply = apply;
  }

  boolean quantised() {
    return this == INT8_ROWS || this == INT8_WEIGHTS;
  }

  /** By the settings and the flags of the CPU alone. */
  static LinearOperator of(DecoderSettings settings, CpuFeatures cpu) {
    if (!settings.device().equals("cpu")) {
      return settings.precision() == Precision.FP32 ? PLAIN_FP32 : PLAIN_BF16;
    }
    return switch (settings.precision()) {
      case FP32 -> PACKED_FP32.runsOn(cpu) ? PACKED_FP32 : PLAIN_FP32;
      case BF16 -> PACKED_BF16.runsOn(cpu) ? PACKED_BF16 : PLAIN_BF16;
      case FP16 ->
          FP16_WEIGHTS.runsOn(cpu)
              ? FP16_WEIGHTS
              : PACKED_FP32.runsOn(cpu) ? PACKED_FP32 : PLAIN_FP32;
      case INT8 -> INT8_ROWS.runsOn(cpu) ? INT8_ROWS : INT8_WEIGHTS;
    };
  }

  /** Whether this CPU computes it, and computes it rightly. */
  boolean runsOn(CpuFeatures cpu) {
    return switch (this) {
      case PLAIN_FP32, PLAIN_BF16, INT8_WEIGHTS -> true;
      case PACKED_FP32 -> cpu.has("avx2");
      case FP16_WEIGHTS -> cpu.has("avx2") && cpu.has("fma") && cpu.has("f16c");
      case PACKED_BF16 -> cpu.has("avx512bw") && cpu.has("avx512vl");
      case INT8_ROWS -> cpu.has("avx512_vnni") || cpu.has("avx_vnni");
    };
  }
}
