package io.ltri.inference.engine;

import io.ltri.inference.model.ModelConfig;
import io.ltri.inference.model.tokenizer.Tokenizer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Which tokens end an answer: those the model names, and the usual ends of a turn, which some
 * models forget to name.
 */
final class StopTokens {
  private static final List<String> ENDS_OF_TURN =
      List.of("<|im_end|>", "<|eot_id|>", "<|endoftext|>", "<|end_of_text|>");

  private StopTokens() {}

  static Set<Integer> of(ModelConfig config, Tokenizer tokenizer) {
    Set<Integer> ids = new HashSet<>(config.eos());
    for (String token : ENDS_OF_TURN) {
      tokenizer.id(token).ifPresent(ids::add);
    }
    return Set.copyOf(ids);
  }
}
