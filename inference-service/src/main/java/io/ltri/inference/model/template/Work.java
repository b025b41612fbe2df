package io.ltri.inference.model.template;

/**
 * How much one rendering may still do. A unit is a step, an element of a list or a character of a
 * text that is made or gone through; so the units bound time and memory alike. What real templates
 * do grows with the conversation, and so does what is allowed.
 */
final class Work {

  private static final ScopedValue<Work> CURRENT = ScopedValue.newInstance();

  /** Whatever the conversation. */
  private static final long BASE = 4_000_000;

  private static final long PER_CHARACTER = 64;

  private long left;

  /**
   * @param characters of all that the template is given
   */
  Work(long characters) {
    this.left = BASE + PER_CHARACTER * characters;
  }

  <T, X extends Throwable> T during(ScopedValue.CallableOp<T, X> rendering) throws X {
    return ScopedValue.where(CURRENT, this).call(rendering);
  }

  /**
   * Before it is done. Outside of a rendering, nothing is counted.
   *
   * @param line of the template; 0: not known
   * @throws TemplateException if it is too much
   */
  static void spend(long units, int line) {
    if (!CURRENT.isBound()) {
      return;
    }
    Work work = CURRENT.get();
    if (units < 0 || units > work.left) {
      String problem = "it makes too much of this conversation, or does not come to an end";
      throw line == 0
          ? new TemplateException("chat template: " + problem)
          : new TemplateException(line, problem);
    }
    work.left -= units;
  }

  /** So many times so many. */
  static void spend(long times, long units, int line) {
    if (units > 0 && times > Long.MAX_VALUE / units) {
      spend(Long.MAX_VALUE, line);
    }
    spend(times * units, line);
  }
}
