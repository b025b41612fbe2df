package io.ltri.inference.tensor;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/**
 * How long a part of a step took: an event for Java Flight Recorder, off unless a recording asks
 * for it by name, and free of cost then. Parts do not contain one another, but for "step", which
 * contains all others.
 */
@Name("ltri.StepPart")
@Label("Part of a step")
@Category("Ltri")
@Enabled(false)
@StackTrace(false)
public final class StepPart extends Event {
  @Label("Part")
  private String part = "";

  @Label("Layer")
  @Description("-1: of no layer")
  private int layer;

  @Label("Tokens")
  @Description("That the step runs; 0: not told")
  private int tokens;

  private StepPart() {}

  public static StepPart start() {
    StepPart started = new StepPart();
    started.begin();
    return started;
  }

  /** Of a layer. */
  public void end(String part, int layer) {
    end(part, layer, 0);
  }

  /**
   * @param layer -1: of none
   * @param tokens 0: not told
   */
  public void end(String part, int layer, int tokens) {
    if (shouldCommit()) {
      this.part = part;
      this.layer = layer;
      this.tokens = tokens;
      commit();
    }
  }
}
