// What the page says, in both languages. Knows nothing of the page.
"use strict";

const WORDS = {
  en: {
    language: "Language", back: "Back", next: "Next", begin: "Begin", send: "Send answers",
    place: (n, all) => `${n} of ${all}`,
    welcome: (items, minutes) =>
      `You will hear ${items === 1 ? "one piece" : `${items} pieces`} of music, each in several versions, and say how ` +
      `good they are. Listening to everything once takes about ${minutes === 1 ? "a minute" : `${minutes} minutes`}; you may stop, reload this page or come ` +
      "back later on this device: nothing is lost.",
    how: "Use headphones or studio monitors in a quiet room. The versions come in random order, and nobody tells you " +
      "which is which. There are no wrong answers.",
    keys: "Keys: 1 to 9 play a sound, space pauses, arrows move in it.",
    volume: "Set your volume", volumeHow: "Play this noise and set your device so that it is clearly audible and not " +
      "too loud. Then leave the volume as it is.",
    noise: "Noise",
    about: "About you", device: "What do you listen with?",
    devices: { headphones: "Headphones", monitors: "Studio monitors", other: "Other speakers" },
    experience: "What are you in music?",
    experiences: { producer: "Producer or engineer", researcher: "Researcher", musician: "Musician", listener: "Listener" },
    prompt: "Description", piece: (n) => `Piece ${n}`, sound: (name) => `Sound ${name}`,
    compare: "Play all of these versions, as often and in any order, and rate each of them.",
    play: (name) => `Play ${name}`, pause: (name) => `Pause ${name}`, position: (name) => `Position in ${name}`,
    hear: (left) => `hear ${left} s more`, heard: "heard",
    broken: "This sound cannot be played here.", skipped: "may be left out, or tried again",
    questions: {
      quality: ["Audio quality", "The sound itself: free of noise, distortion and artefacts"],
      adherence: ["Text alignment", "How well it matches the description"],
      structure: ["Structure", "The arrangement: it develops, returns, begins and ends as music does"],
      musicality: ["Musicality", "Melody, harmony and rhythm"],
      stereo: ["Stereo correctness", "Whether instruments stand where they should between left and right"],
    },
    scale: ["bad", "poor", "fair", "good", "excellent"], binary: ["not correct", "correct"],
    missingRating: (sound, question) => `Missing: ${question} of ${sound}.`,
    missingHeard: (sound, left) => `Please hear ${left} s more of ${sound}.`,
    missingAbout: (question) => `Missing: ${question}`,
    last: "Almost done", comment: "Do you want to tell us anything?", commentHow: "As you like: what you noticed, what went wrong.",
    sending: "Sending …", thanks: "Thank you!", stored: "Your answers have arrived. You may close this page.",
    unsent: "Your answers are complete, but no server takes them here. Please save them as a file",
    sendTo: (whom) => ` and send it to ${whom}.`, sendBack: " and send it to whoever asked you.",
    save: "Save answers", again: "Try to send again", another: "Another listener",
    unstored: "This browser keeps nothing: do not close or reload the page before you are done.",
  },
  de: {
    language: "Sprache", back: "Zurück", next: "Weiter", begin: "Beginnen", send: "Antworten senden",
    place: (n, all) => `${n} von ${all}`,
    welcome: (items, minutes) =>
      `Du hörst ${items === 1 ? "ein Musikstück" : `${items} Musikstücke`} in mehreren Fassungen und sagst, wie gut sie ` +
      `sind. Alles einmal zu hören dauert etwa ${minutes === 1 ? "eine Minute" : `${minutes} Minuten`}; du kannst aufhören, die Seite neu laden oder auf diesem ` +
      "Gerät später weitermachen: nichts geht verloren.",
    how: "Nimm Kopfhörer oder Studiomonitore in einem ruhigen Raum. Die Fassungen kommen in zufälliger Folge, und niemand " +
      "sagt dir, welche welche ist. Falsche Antworten gibt es nicht.",
    keys: "Tasten: 1 bis 9 spielen eine Fassung, die Leertaste hält an, Pfeile bewegen darin.",
    volume: "Lautstärke einstellen", volumeHow: "Spiele dieses Rauschen und stelle dein Gerät so ein, dass es deutlich, " +
      "aber nicht zu laut ist. Lass die Lautstärke danach, wie sie ist.",
    noise: "Rauschen",
    about: "Über dich", device: "Womit hörst du?",
    devices: { headphones: "Kopfhörer", monitors: "Studiomonitore", other: "Andere Lautsprecher" },
    experience: "Was bist du in der Musik?",
    experiences: { producer: "Produktion oder Tontechnik", researcher: "Forschung", musician: "Musikerin, Musiker", listener: "Hörerin, Hörer" },
    prompt: "Beschreibung", piece: (n) => `Stück ${n}`, sound: (name) => `Fassung ${name}`,
    compare: "Spiele alle Fassungen, so oft und in welcher Folge du willst, und bewerte jede von ihnen.",
    play: (name) => `${name} spielen`, pause: (name) => `${name} anhalten`, position: (name) => `Stelle in ${name}`,
    hear: (left) => `noch ${left} s hören`, heard: "gehört",
    broken: "Diese Fassung kann hier nicht gespielt werden.", skipped: "kann fehlen, oder noch einmal versucht werden",
    questions: {
      quality: ["Klangqualität", "Der Klang selbst: frei von Rauschen, Verzerrung und Störungen"],
      adherence: ["Treue zum Text", "Wie gut es zur Beschreibung passt"],
      structure: ["Aufbau", "Das Arrangement: es entwickelt sich, kehrt wieder, beginnt und endet wie Musik"],
      musicality: ["Musikalität", "Melodie, Harmonie und Rhythmus"],
      stereo: ["Stereobild", "Ob die Instrumente zwischen links und rechts stehen, wo sie sollen"],
    },
    scale: ["schlecht", "dürftig", "mäßig", "gut", "sehr gut"], binary: ["nicht richtig", "richtig"],
    missingRating: (sound, question) => `Es fehlt: ${question} von ${sound}.`,
    missingHeard: (sound, left) => `Bitte höre noch ${left} s von ${sound}.`,
    missingAbout: (question) => `Es fehlt: ${question}`,
    last: "Fast fertig", comment: "Möchtest du uns etwas sagen?", commentHow: "Wie du magst: was dir auffiel, was nicht ging.",
    sending: "Wird gesendet …", thanks: "Danke!", stored: "Deine Antworten sind angekommen. Du kannst die Seite schließen.",
    unsent: "Deine Antworten sind vollständig, aber hier nimmt sie kein Server an. Bitte speichere sie als Datei",
    sendTo: (whom) => ` und schicke sie an ${whom}.`, sendBack: " und schicke sie dem zurück, der dich gefragt hat.",
    save: "Antworten speichern", again: "Noch einmal senden", another: "Noch jemand hört",
    unstored: "Dieser Browser behält nichts: schließe die Seite nicht, und lade sie nicht neu, bevor du fertig bist.",
  },
};
