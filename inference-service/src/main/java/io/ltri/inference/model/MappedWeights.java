package io.ltri.inference.model;

import io.ltri.inference.tensor.GroupedWeight;
import io.ltri.inference.tensor.WeightSource;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Weights by their Hugging Face names, over maps that the model source owns. */
final class MappedWeights implements WeightSource {

  private final Map<String, MappedTensor> tensors;

  MappedWeights(Map<String, MappedTensor> tensors) {
    this.tensors = Map.copyOf(tensors);
  }

  @Override
  public boolean has(String name) {
    return tensors.containsKey(name);
  }

  @Override
  public long[] shape(String name) {
    return tensor(name).shape().clone();
  }

  @Override
  public void read(String name, MemorySegment destination) {
    tensor(name).read(destination);
  }

  @Override
  public @Nullable GroupedWeight grouped(String name) {
    return tensor(name).grouped();
  }

  private MappedTensor tensor(String name) {
    MappedTensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException("the model has no tensor " + name);
    }
    return tensor;
  }

  /**
   * Checks that what the configuration needs is there and nothing else that belongs to the decoder:
   * an unexpected bias or norm would otherwise be left out of the computation without a word.
   *
   * @param file to name when a tensor is in no file
   */
  void verify(ModelConfig config, Path file) {
    Set<String> needed = new HashSet<>();
    config.forEachTensor(
        (name, shape) -> {
          needed.add(name);
          MappedTensor tensor = tensors.get(name);
          if (tensor == null) {
            throw new ModelFileException(file, name, "tensor is missing");
          }
          if (!Arrays.equals(tensor.shape(), shape)) {
            throw new ModelFileException(
                tensor.file(),
                tensor.field(),
                "shape is "
                    + Arrays.toString(tensor.shape())
                    + ", but the configuration asks for "
                    + Arrays.toString(shape));
          }
          if (tensor.type() == null) {
            throw new ModelFileException(
                tensor.file(),
                tensor.field(),
                "elements of type "
                    + tensor.typeName()
                    + " are not supported; use one of "
                    + Arrays.toString(TensorType.values()));
          }
        });
    tensors.forEach(
        (name, tensor) -> {
          boolean decoder = name.startsWith("model.") || name.startsWith("lm_head.");
          boolean harmless =
              name.endsWith(".rotary_emb.inv_freq")
                  || (config.tiedOutput() && name.equals("lm_head.weight"));
          if (decoder && !harmless && !needed.contains(name)) {
            throw new ModelFileException(
                tensor.file(),
                tensor.field(),
                "tensor has no place in a "
                    + config.family().type()
                    + " model of this configuration");
          }
        });
  }
}
