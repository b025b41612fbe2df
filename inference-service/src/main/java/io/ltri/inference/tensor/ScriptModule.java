package io.ltri.inference.tensor;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;

/** One loaded TorchScript program and the tensors that its list attributes hold. */
final class ScriptModule implements AutoCloseable {

  // The model's finaliser releases the native module, so the block alone is not enough.
  /** Before the name of a method, as a part of a step. */
  private static final String TENSOR = "tensor: ";

  private final Model model;
  private final PtSymbolBlock block;

  ScriptModule(String programText, List<String> listAttributes, Device device) {
    model = Model.newInstance("decoder", device, "PyTorch");
    try {
      model.load(new ByteArrayInputStream(ScriptArchive.write(programText, listAttributes)));
    } catch (IOException | MalformedModelException e) {
      model.close();
      throw new IllegalStateException("the layer program did not load: " + e.getMessage(), e);
    }
    block = (PtSymbolBlock) model.getBlock();
  }

  /** Runs a method for its effect; what it returns is dropped. */
  void run(String method, long[] numbers, NDArray... tensors) {
    call(method, numbers, tensors).close();
  }

  /** Runs a method that takes one tensor and returns nothing of use. */
  void accept(String method, NDArray tensor) {
    try (IValue argument = IValue.from((PtNDArray) tensor)) {
      IValueUtils.runMethod(block, method, argument).close();
    }
  }

  /**
   * @param into owns the result
   */
  NDArray compute(PtNDManager into, String method, NDArray tensor) {
    StepPart part = StepPart.start();
    try (IValue argument = IValue.from((PtNDArray) tensor);
        IValue result = IValueUtils.runMethod(block, method, argument)) {
      return result.toTensor(into);
    } finally {
      part.end(TENSOR + method, -1);
    }
  }

  NDArray compute(PtNDManager into, String method, long[] numbers, NDArray... tensors) {
    try (IValue result = call(method, numbers, tensors)) {
      return result.toTensor(into);
    }
  }

  private IValue call(String method, long[] numbers, NDArray... tensors) {
    StepPart part = StepPart.start();
    IValue[] arguments = new IValue[tensors.length + 1];
    try {
      for (int i = 0; i < tensors.length; i++) {
        arguments[i] = IValue.from((PtNDArray) tensors[i]);
      }
      arguments[tensors.length] = IValue.listFrom(numbers);
      return IValueUtils.runMethod(block, method, arguments);
    } finally {
      for (IValue argument : arguments) {
        if (argument != null) {
          argument.close();
        }
      }
      part.end(TENSOR + method, -1);
    }
  }

  @Override
  public void close() {
    model.close();
  }
}
