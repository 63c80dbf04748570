// A key wrapper for Cardseal's line protocol (docs/operate/key-wrapper.md) that uses only the standard library. It reads one JSON
// object per line, wraps the AES key in it and responds in the same form. Replace wrapKey() by a call of the vendor's library,
// with its jar on the class path. The program must never print a key, and must write only responses to standard output.

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Cipher;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;

public final class KeyWrapper {
  private static final Pattern ID = Pattern.compile("\"id\"\\s*:\\s*(\\d{1,15})");
  private static final Pattern KEY = Pattern.compile("\"key\"\\s*:\\s*\"([A-Za-z0-9+/]{1,128}={0,2})\"");

  private final PublicKey publicKey;
  private final PrintStream answers;

  private KeyWrapper(PublicKey publicKey, PrintStream answers) {
    this.publicKey = publicKey;
    this.answers = answers;
  }

  /**
   * Turns a raw AES key into the text for the form field `enc_aes_key`. RSA-OAEP with SHA-256 is a placeholder for the
   * vendor's white-box call. Several threads call it at the same time.
   */
  private String wrapKey(byte[] key) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("RSA/ECB/OAEPPadding");
    // By default Java combines SHA-256 with an MGF1 of SHA-1.
    OAEPParameterSpec oaep =
        new OAEPParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, PSource.PSpecified.DEFAULT);
    cipher.init(Cipher.ENCRYPT_MODE, publicKey, oaep);
    return Base64.getEncoder().encodeToString(cipher.doFinal(key));
  }

  private void answer(String line) {
    Matcher id = ID.matcher(line);
    if (!id.find()) {
      return;
    }
    Matcher key = KEY.matcher(line);
    if (!key.find()) {
      say("{\"id\":" + id.group(1) + ",\"error\":\"bad_request\"}");
      return;
    }
    byte[] raw = null;
    try {
      raw = Base64.getDecoder().decode(key.group(1));
      say("{\"id\":" + id.group(1) + ",\"enc_aes_key\":\"" + wrapKey(raw) + "\"}");
    } catch (GeneralSecurityException | RuntimeException failure) {
      say("{\"id\":" + id.group(1) + ",\"error\":\"" + failure.getClass().getSimpleName() + "\"}");
    } finally {
      if (raw != null) {
        Arrays.fill(raw, (byte) 0);
      }
    }
  }

  private void say(String line) {
    synchronized (answers) {
      answers.print(line + "\n");
      answers.flush();
    }
  }

  private static PublicKey readPublicKey(String file) throws IOException, GeneralSecurityException {
    String pem = Files.readString(Path.of(file), StandardCharsets.US_ASCII);
    byte[] der = Base64.getMimeDecoder().decode(pem.replaceAll("-----[A-Z ]+-----", ""));
    return KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(der));
  }

  public static void main(String[] args) throws Exception {
    PrintStream answers = new PrintStream(System.out, false, StandardCharsets.US_ASCII);
    // Redirect standard output, because a library that prints to it would corrupt the responses.
    System.setOut(System.err);
    KeyWrapper wrapper = new KeyWrapper(readPublicKey(args[0]), answers);
    int threads = Math.max(2, Runtime.getRuntime().availableProcessors());
    ExecutorService workers =
        new ThreadPoolExecutor(
            threads, threads, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(1024),
            new ThreadPoolExecutor.CallerRunsPolicy());
    BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line = requests.readLine(); line != null; line = requests.readLine()) {
      String request = line;
      workers.execute(() -> wrapper.answer(request));
    }
    // The end of input means that the parent has exited: finish the current requests, then exit.
    workers.shutdown();
    workers.awaitTermination(5, TimeUnit.SECONDS);
    System.exit(0);
  }
}
