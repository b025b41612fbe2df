package io.ltri.index.store;

/** How the numbers of keys and values are stored. */
public enum StorageType {
  BF16(2),
  FP32(4);

  private final int bytes;

  StorageType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one number. */
  public int bytes() {
    return bytes;
  }
}
