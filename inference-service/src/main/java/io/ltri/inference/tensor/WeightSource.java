package io.ltri.inference.tensor;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Where the weights of a decoder come from. Names and layouts are those of Hugging Face checkpoints
 * ({@code model.layers.0.self_attn.q_proj.weight}, row-major [out, in], query and key rows in
 * halves), whatever the file format behind it.
 */
public interface WeightSource {

  boolean has(String name);

  /**
   * @return the shape, outermost dimension first
   */
  long[] shape(String name);

  /**
   * Reads one tensor as float32.
   *
   * @param destination exactly 4 bytes per element, native byte order, row-major
   */
  void read(String name, MemorySegment destination);

  /**
   * Reads one matrix as its file stores it, without rounding.
   *
   * @return null if it is not stored in codes of 8 bits or fewer with scales
   */
  default @Nullable GroupedWeight grouped(String name) {
    return null;
  }
}
