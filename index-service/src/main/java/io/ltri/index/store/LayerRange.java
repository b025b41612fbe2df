package io.ltri.index.store;

/**
 * Layers that share files, so that a document can be split over nodes.
 *
 * @param first first layer
 * @param count layers
 */
record LayerRange(int first, int count) {

  static LayerRange[] of(int layers, int layersPerFile) {
    LayerRange[] ranges = new LayerRange[Math.ceilDiv(layers, layersPerFile)];
    for (int i = 0; i < ranges.length; i++) {
      int first = i * layersPerFile;
      ranges[i] = new LayerRange(first, Math.min(layersPerFile, layers - first));
    }
    return ranges;
  }

  String blockFile() {
    return name("blocks");
  }

  String spanTable() {
    return name("spans");
  }

  String scratchFile() {
    return name("scratch");
  }

  private String name(String kind) {
    return "%s-%04d-%04d".formatted(kind, first, first + count - 1);
  }
}
