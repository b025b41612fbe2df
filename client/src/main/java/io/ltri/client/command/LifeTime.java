package io.ltri.client.command;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Times as people write them: 90s, 30m, 12h, 7d, never. */
final class LifeTime {
  private static final Pattern FORM = Pattern.compile("([1-9][0-9]{0,8})([smhd])");

  private LifeTime() {}

  /**
   * @return zero: never
   */
  static Duration parse(String text) {
    if (text.equals("never")) {
      return Duration.ZERO;
    }
    Matcher parts = FORM.matcher(text);
    if (!parts.matches()) {
      throw new CommandFailure(
          ExitCode.USAGE, "'" + text + "' is no time: write 90s, 30m, 12h, 7d or never");
    }
    long number = Long.parseLong(parts.group(1));
    return switch (parts.group(2)) {
      case "s" -> Duration.ofSeconds(number);
      case "m" -> Duration.ofMinutes(number);
      case "h" -> Duration.ofHours(number);
      default -> Duration.ofDays(number);
    };
  }
}
