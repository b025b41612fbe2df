package io.ltri.evaluation.text;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Seeded draws for the making of samples. The generator is {@link Random}, whose sequence the Java
 * specification fixes, so a seed means the same sample on every machine. Not for several threads.
 */
public final class Draw {
  private static final int TRIES = 10_000;

  private final Random random;

  private Draw(Random random) {
    this.random = random;
  }

  /**
   * A generator that depends on all of its arguments; samples of different tasks, lengths, depths
   * or seeds are drawn independently.
   */
  public static Draw of(String name, long... parts) {
    long state = mixed(name.hashCode());
    for (long part : parts) {
      state = mixed(state + 0x9E3779B97F4A7C15L + mixed(part));
    }
    return new Draw(new Random(state));
  }

  /** The finaliser of SplitMix64. */
  private static long mixed(long bits) {
    long first = (bits ^ (bits >>> 30)) * 0xBF58476D1CE4E5B9L;
    long second = (first ^ (first >>> 27)) * 0x94D049BB133111EBL;
    return second ^ (second >>> 31);
  }

  /** A number from 0 to {@code bound - 1}. */
  public int below(int bound) {
    return random.nextInt(bound);
  }

  /** A number from {@code low} (included) to {@code high} (excluded). */
  public double between(double low, double high) {
    return low + random.nextDouble() * (high - low);
  }

  /** One of the list. */
  public <T> T oneOf(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }

  /** So many of the list, no position twice, in drawn order. */
  public <T> List<T> someOf(List<T> list, int count) {
    if (count > list.size()) {
      throw new IllegalArgumentException(
          "%d cannot be drawn from a list of %d without repetition".formatted(count, list.size()));
    }
    return List.copyOf(shuffled(list).subList(0, count));
  }

  /** The list in drawn order. */
  public <T> List<T> shuffled(List<T> list) {
    List<T> copy = new ArrayList<>(list);
    Collections.shuffle(copy, random);
    return copy;
  }

  /** A number of so many decimal digits, the first of them not zero. */
  public String digits(int count) {
    StringBuilder text = new StringBuilder(count);
    text.append((char) ('1' + random.nextInt(9)));
    while (text.length() < count) {
      text.append((char) ('0' + random.nextInt(10)));
    }
    return text.toString();
  }

  /** So many letters from {@code first} to {@code last}. */
  public String letters(int count, char first, char last) {
    StringBuilder text = new StringBuilder(count);
    while (text.length() < count) {
      text.append((char) (first + random.nextInt(last - first + 1)));
    }
    return text.toString();
  }

  /** A random UUID of version 4 (RFC 9562), from this generator instead of the system's. */
  public String uuid() {
    long high = (random.nextLong() & 0xFFFFFFFFFFFF0FFFL) | 0x4000L;
    long low = (random.nextLong() & 0x3FFFFFFFFFFFFFFFL) | 0x8000000000000000L;
    return new UUID(high, low).toString();
  }

  /** A key made of two words, for instance {@code brisk-otter}. */
  public String wordKey() {
    return oneOf(Words.adjectives()) + "-" + oneOf(Words.nouns());
  }

  /**
   * Draws until the predicate takes a value.
   *
   * @throws IllegalStateException after 10,000 refusals, which means that the values are used up
   */
  public static String until(Supplier<String> draw, Predicate<String> good) {
    for (int tried = 0; tried < TRIES; tried++) {
      String value = draw.get();
      if (good.test(value)) {
        return value;
      }
    }
    throw new IllegalStateException("no fresh value was found in " + TRIES + " draws");
  }

  /** So many different values. */
  public static List<String> distinct(int count, Supplier<String> draw, Predicate<String> good) {
    List<String> values = new ArrayList<>(count);
    Set<String> taken = new HashSet<>();
    while (values.size() < count) {
      String value = until(draw, candidate -> !taken.contains(candidate) && good.test(candidate));
      taken.add(value);
      values.add(value);
    }
    return List.copyOf(values);
  }
}
