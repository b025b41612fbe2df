package io.ltri.inference.model.template;

import io.ltri.fuzzing.Fuzzing;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Templates come from strangers. */
class FuzzedTemplateTest {

  @Test
  void anyTemplateIsRenderedOrRefused() throws IOException {
    Fuzzing.run(new ChatTemplateFuzz(), 3_000);
  }
}
