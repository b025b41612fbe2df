package io.ltri.inference.model.tokenizer;

import io.ltri.fuzzing.Fuzzing;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Definitions of tokenizers come from strangers, and go on to a native library. */
class FuzzedTokenizerTest {

  @Test
  void anyDefinitionIsOpenedOrRefused() throws IOException {
    try (TokenizerFuzz tokenizer = new TokenizerFuzz()) {
      Fuzzing.run(tokenizer, 400);
    }
  }
}
