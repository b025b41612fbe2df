package io.ltri.edge.access;

import io.ltri.fuzzing.Fuzzing;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** A token file is written by hand now and then. */
class FuzzedTokenFileTest {

  @Test
  void anyFileIsReadOrRefusedByName() throws IOException {
    try (TokenFileFuzz file = new TokenFileFuzz()) {
      Fuzzing.run(file, 2_000);
    }
  }
}
