package io.ltri.inference.tensor;

/** Where the entries of an attention stand, for the rotation of keys and queries. */
public sealed interface Places {

  /** One after the other. */
  Places IN_ORDER = new InOrder();

  /** Entry i at position i. */
  record InOrder() implements Places {}

  /**
   * One after the other, each at its index in the arena: differences are those of {@link
   * #IN_ORDER}, and the arena keeps the rotated keys from one call to the next. Only for whoever
   * tells the arena of each entry that it writes ({@link KvArena#changed}).
   */
  Places IN_SLOTS = new InSlots();

  /** One after the other, at their indexes in the arena. */
  record InSlots() implements Places {}

  /**
   * Each at a position of its own.
   *
   * @param positions of the entries, the step's own tokens last
   */
  record At(int[] positions) implements Places {}

  /**
   * The first ones at one constant distance, whatever lies between (InfLLM, arXiv 2402.04617):
   * their keys are not rotated, the queries are rotated to that distance for them. The others in
   * order. One softmax over both.
   *
   * @param entries how many are distant to the step's first query; one more to each that follows,
   *     so that an entry becomes distant when it is as far away as it was to the first query.
   *     Negative while the first so many queries have none
   * @param distance in tokens
   */
  record Distant(int entries, int distance) implements Places {}
}
