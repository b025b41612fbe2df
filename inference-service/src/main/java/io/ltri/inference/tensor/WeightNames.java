package io.ltri.inference.tensor;

import java.util.List;

/** The weights of one layer by name, in the parts of which its fused layers are made. */
final class WeightNames {

  private final DecoderShape shape;
  private final String prefix;

  /**
   * @param rows outputs, or elements of a vector
   */
  record Part(String name, int rows) {}

  WeightNames(DecoderShape shape, int layer) {
    this.shape = shape;
    this.prefix = "model.layers." + layer + ".";
  }

  static List<Part> embedding(DecoderShape shape) {
    return List.of(new Part("model.embed_tokens.weight", shape.vocabulary()));
  }

  static List<Part> finalNorm(DecoderShape shape) {
    return List.of(new Part("model.norm.weight", shape.hidden()));
  }

  static List<Part> output(DecoderShape shape) {
    return shape.tiedOutput()
        ? embedding(shape)
        : List.of(new Part("lm_head.weight", shape.vocabulary()));
  }

  List<Part> inputNorm() {
    return List.of(new Part(prefix + "input_layernorm.weight", shape.hidden()));
  }

  List<Part> feedNorm() {
    return List.of(new Part(prefix + "post_attention_layernorm.weight", shape.hidden()));
  }

  List<Part> qkv() {
    return qkv("weight");
  }

  List<Part> qkvBias() {
    return qkv("bias");
  }

  private List<Part> qkv(String kind) {
    int kvWidth = shape.kvHeads() * shape.headDim();
    return List.of(
        new Part(prefix + "self_attn.q_proj." + kind, shape.queryHeads() * shape.headDim()),
        new Part(prefix + "self_attn.k_proj." + kind, kvWidth),
        new Part(prefix + "self_attn.v_proj." + kind, kvWidth));
  }

  List<Part> queryNorm() {
    return List.of(new Part(prefix + "self_attn.q_norm.weight", shape.headDim()));
  }

  List<Part> keyNorm() {
    return List.of(new Part(prefix + "self_attn.k_norm.weight", shape.headDim()));
  }

  List<Part> attentionOutput() {
    return List.of(new Part(prefix + "self_attn.o_proj.weight", shape.hidden()));
  }

  List<Part> attentionOutputBias() {
    return List.of(new Part(prefix + "self_attn.o_proj.bias", shape.hidden()));
  }

  List<Part> gateUp() {
    return List.of(
        new Part(prefix + "mlp.gate_proj.weight", shape.intermediate()),
        new Part(prefix + "mlp.up_proj.weight", shape.intermediate()));
  }

  List<Part> down() {
    return List.of(new Part(prefix + "mlp.down_proj.weight", shape.hidden()));
  }
}
