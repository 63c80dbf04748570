import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;

/** Runs docs/examples/Verify.java on cases from stdin: six base64 fields a line, "-" for an absent one. Prints 1 or 0. */
public final class VerifyCases {
  private static final String[] NAMES = {"webhook-id", "webhook-timestamp", "webhook-signature"};

  public static void main(String[] args) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] fields = line.split("\t", -1);
      Map<String, String> headers = new HashMap<>();
      for (int i = 0; i < NAMES.length; i++) {
        if (!fields[i + 1].equals("-")) headers.put(NAMES[i], text(fields[i + 1]));
      }
      byte[] body = Base64.getDecoder().decode(fields[4]);
      System.out.println(Verify.verify(text(fields[0]), headers, body, Long.parseLong(text(fields[5]))) ? 1 : 0);
    }
  }

  private static String text(String field) {
    return new String(Base64.getDecoder().decode(field), StandardCharsets.UTF_8);
  }
}
