package io.ltri.inference.tensor;

/** The number format to which keys and values are rounded when they are appended to an arena. */
public enum StorageType {
  BF16(2),
  FP32(4);

  private final int bytes;

  StorageType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes per element when written out in this format; in memory an arena holds float32. */
  public int bytes() {
    return bytes;
  }
}
