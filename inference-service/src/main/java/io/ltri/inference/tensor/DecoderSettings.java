package io.ltri.inference.tensor;

/**
 * Where and how a decoder computes.
 *
 * @param device "cpu", "cuda" or "cuda:N"
 * @param precision of the linear layers
 * @param threads inside one operator, on the CPU
 * @param storedWeights whether decode steps on the CPU use weights as a quantised file stores them,
 *     whatever the precision; of no effect with other files
 * @param stepThreads of a decode step with stored weights; they wait for nobody who is taken off
 *     its core, so there can be one for each
 */
public record DecoderSettings(
    String device, Precision precision, int threads, boolean storedWeights, int stepThreads) {

  /** With stored weights where there are some. */
  public DecoderSettings(String device, Precision precision, int threads) {
    this(device, precision, threads, true, threads);
  }

  public DecoderSettings {
    if (!device.matches("cpu|cuda(:\\d+)?")) {
      throw new IllegalArgumentException(
          "device is \"" + device + "\": use cpu, cuda or cuda:N with N the number of the device");
    }
    if (threads < 1 || stepThreads < 1) {
      throw new IllegalArgumentException(
          "threads is " + threads + ", of steps " + stepThreads + ": use 1 or more");
    }
    if ((precision == Precision.INT8 || precision == Precision.FP16) && !device.equals("cpu")) {
      throw new IllegalArgumentException(
          "precision "
              + precision
              + " works on the CPU only, device is "
              + device
              + ": use BF16 or FP32 there");
    }
  }

  /** The CPU with the precision that suits it. */
  public static DecoderSettings cpu(int threads) {
    return new DecoderSettings("cpu", Precision.best(), threads);
  }
}
