package io.ltri.inference.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;

/**
 * Java-owned memory that a program reads or writes as a float32 tensor: no use after free, whatever
 * callers do.
 */
record HostTensor(Arena arena, MemorySegment memory, NDArray tensor) implements AutoCloseable {

  static HostTensor of(NDManager manager, Shape shape) {
    Arena arena = Arena.ofShared();
    MemorySegment memory = arena.allocate(4 * shape.size(), 64);
    return new HostTensor(
        arena,
        memory,
        manager.create(
            memory.asByteBuffer().order(ByteOrder.nativeOrder()), shape, DataType.FLOAT32));
  }

  @Override
  public void close() {
    tensor.close();
    arena.close();
  }
}
