package io.ltri.index.store;

import java.nio.file.Path;
import java.util.function.LongSupplier;

/** Opens stores of {@link SealedSample}s for tests of other packages. */
public final class Stores {

  private Stores() {}

  /**
   * @param clock milliseconds since the epoch
   */
  public static DocumentStore open(Path folder, LifeSettings life, LongSupplier clock) {
    return new DocumentStore(
        new StoreSettings(folder, 2, 500, 1, 64, life),
        FileLayer.system(),
        () -> Long.MAX_VALUE,
        clock);
  }
}
