package io.ltri.evaluation.run;

import java.util.Map;

/** A line of a result file. */
public interface Measured {
  /** Lines of the same key are the same measurement. */
  String key();

  /** Name of the variant that was measured. */
  String variant();

  /** Its settings that are not the default. */
  Map<String, String> changes();
}
