package io.ltri.inference.engine;

import io.ltri.inference.tensor.Decoder;
import io.ltri.inference.tensor.DecoderSettings;
import io.ltri.inference.tensor.Precision;
import io.ltri.inference.tensor.QuantisedModel;
import io.ltri.inference.tensor.RandomModel;

/** The same with decode steps in Java, whose rows go in several threads. */
class SequencePassInJavaTest extends SequencePassTest {

  @Override
  Decoder load() {
    RandomModel model =
        RandomModel.of(RandomModel.shape(3, 64, 6, 2, 16, 96, 97, true, false, true, false), 67);
    return Decoder.load(
        model.shape(),
        QuantisedModel.of(model, 32),
        new DecoderSettings("cpu", Precision.FP32, 1, true, 3));
  }
}
