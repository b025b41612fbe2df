package io.ltri.inference;

import io.ltri.inference.engine.LanguageModel;
import io.ltri.inference.model.ModelFiles;
import io.ltri.inference.model.ModelSource;
import io.ltri.inference.tensor.Decoder;
import io.ltri.inference.tensor.DecoderSettings;
import io.ltri.inference.tensor.Precision;
import java.nio.file.Path;

/** The tiny random model of the tests, in fp32 on one thread; to be closed by who opens it. */
public final class TinyLlama {
  private static final Path FILES = Path.of("src/test/resources/models/tiny-llama");
  private static final DecoderSettings SETTINGS = new DecoderSettings("cpu", Precision.FP32, 1);

  private TinyLlama() {}

  /** For tests that need no tokenizer. */
  public static Decoder decoder() {
    try (ModelSource source = ModelFiles.open(FILES)) {
      return Decoder.load(source.config().shape(), source.weights(), SETTINGS);
    }
  }

  /** On the compute thread. */
  public static LanguageModel model() {
    return LanguageModel.open(FILES, SETTINGS);
  }
}
