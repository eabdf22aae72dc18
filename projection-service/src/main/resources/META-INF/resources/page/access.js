/** Of this tab only: gone when it is closed. */
const KEY = 'token';

const dialog = document.getElementById('access');
dialog.addEventListener('close', () => {
  const token = document.getElementById('token').value.trim();
  if (!token) return;
  sessionStorage.setItem(KEY, token);
  location.reload();
});

/** Fetches with the token, where one was given; asks for one where the service wants another. */
export async function call(address, options = {}) {
  const token = sessionStorage.getItem(KEY);
  const headers = { Accept: 'application/json', ...options.headers };
  if (token) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(address, { ...options, headers });
  if (answer.status === 401 && !dialog.open) dialog.showModal();
  return answer;
}
