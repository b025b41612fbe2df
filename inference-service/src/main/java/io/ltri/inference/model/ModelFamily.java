package io.ltri.inference.model;

/** The decoder families whose layers the tensor room can run. */
public enum ModelFamily {
  /** Llama 2 and 3, SmolLM and others that share its layers. */
  LLAMA("llama", "LlamaForCausalLM"),
  /** Qwen2 and Qwen2.5: query, key and value projections have a bias. */
  QWEN2("qwen2", "Qwen2ForCausalLM"),
  /** Qwen3, dense: queries and keys are normalised per head. */
  QWEN3("qwen3", "Qwen3ForCausalLM");

  private final String type;
  private final String architecture;

  ModelFamily(String type, String architecture) {
    this.type = type;
    this.architecture = architecture;
  }

  /** {@code model_type} of a config.json, {@code general.architecture} of a GGUF file. */
  public String type() {
    return type;
  }

  /** The class that {@code architectures} of a config.json names. */
  public String architecture() {
    return architecture;
  }
}
