package io.ltri.inference.model;

import io.ltri.fuzzing.Fuzzing;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Whatever the bytes of a model are, they are read whole or refused as a model's. */
class FuzzedModelFilesTest {

  @Test
  void ggufIsReadOrRefused() throws IOException {
    try (GgufFuzz gguf = new GgufFuzz()) {
      Fuzzing.run(gguf, 1_500);
    }
  }

  @Test
  void safetensorsAreReadOrRefused() throws IOException {
    try (SafetensorsFuzz safetensors = new SafetensorsFuzz()) {
      Fuzzing.run(safetensors, 1_500);
    }
  }

  @Test
  void filesOfAFolderAreReadOrRefused() throws IOException {
    try (ModelFolderFuzz folder = new ModelFolderFuzz()) {
      Fuzzing.run(folder, 500);
    }
  }
}
